"""What the settings choose: stores, catalog, SQL engine and the Spotify client of a process.

One module for each part of the work, so that a process which does one part alone, such as a Lambda function, imports
nothing that the others need. Each thing is made when it is first used: loading Dagster's definitions touches neither
files nor network.
"""
