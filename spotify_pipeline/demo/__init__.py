"""The local stand-in for Spotify: an invented catalogue that changes daily, and a server that speaks for it.

`catalogue` says what exists on a day, `server` answers as the Web API would. The others serve these two.
"""
