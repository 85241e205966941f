"""The public forms: a form, a page to check what was typed, a receipt; and what a receipt opens.

No letter is kept until the second press: the first shows what will be sent and who will read it, and gives the page its
one-time value. So a reload or a double tap, without a script or a cookie, sends the same letter and not two. Photos and
recordings that come with the first press are encrypted at once and wait, two days at most.
"""
