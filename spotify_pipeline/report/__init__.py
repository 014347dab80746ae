"""The report: one page with charts over the published history, and the same charts as pictures.

The way of the data: `facts` asks SQL, `history` lays out what it answers by day, `scopes` makes of it the rows of each
chart for all playlists and for each of them, `summaries` says it in sentences, and `page` puts it into one HTML file.
`charts` has the charts, without data, for the page and for `pictures`.
"""
