"""`--watch`: notice a save, grade what it can have changed in a process that is warm already, and show it on one screen."""
