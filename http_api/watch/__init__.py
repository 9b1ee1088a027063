"""A live list in the terminal, through the official Python SDK.

``words`` says an entry in a sentence, ``board`` holds what is known, ``account`` is the HTTP half,
``follower`` the socket half, ``positions`` remembers how far was seen, ``lines`` and ``screen``
show it.
"""
