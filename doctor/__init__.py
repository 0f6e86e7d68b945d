"""Looking at an installation and its data, and saying how to mend what is wrong. It writes nothing.

Here belong the checks. What does not: what a library or another room can say already is asked of it; what to do about
it is a person's; who is told is for orchestration/alerts.py.
"""
