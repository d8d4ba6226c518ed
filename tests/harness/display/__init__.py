"""What is shown, and where. In: verdicts, which become plain results. Out: a screen, a scoreboard, a report as JSON or HTML.

Nothing here decides anything. Whatever a submission said is text, and is made visible or escaped here.
"""
