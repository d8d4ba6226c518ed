"""What is shown: a failure on one screen, the scoreboard, and the reports. Nothing is judged here.

Whatever comes from a submission is made safe to show: on one line, with control characters spelled out; in HTML, escaped.

Nothing here decides anything. Whatever a submission said is text, and is made visible or escaped here.
"""
