"""What marketers look at while they edit: every campaign and block as readers see it, in a browser on this machine.

Nothing is written to disk, for some of what is shown is about real people; nothing is sent.
"""
