"""Telling people of a day and of failures where they look anyway: in a chat, or by e-mail. Off unless it is set up."""
