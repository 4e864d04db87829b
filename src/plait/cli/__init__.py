"""The terminal: who speaks to it?

Question: who speaks to a terminal?
Verbs: one file per command: parse and print.
May import: everything.
Not here: work. What a command does is a method of the app.
"""
