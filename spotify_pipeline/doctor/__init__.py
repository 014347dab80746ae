"""The doctor: what the daily job needs, looked at part by part. Nothing is changed, and no part hides another.

The daily job would fail if Spotify cannot be asked, if no playlist at all can be read, if nothing can be stored, or if
the functions or the Spark that should do the work are not there. All else, such as a consent that is about to end or a
damaged catalog, which the job makes anew, is told but fails no day.
"""

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.doctor.consultation import Consultation
from spotify_pipeline.doctor.findings import Examination, Finding, Group, State
from spotify_pipeline.doctor.functions import examine_functions
from spotify_pipeline.doctor.playlists import examine_playlists
from spotify_pipeline.doctor.spark import examine_spark
from spotify_pipeline.doctor.stores import examine_catalog, examine_due_days, examine_private_files, examine_storage
from spotify_pipeline.spotify.patience import Tell

__all__ = ["Examination", "Finding", "Group", "State", "examine"]


def examine(backends: Backends, tell: Tell = lambda _: None) -> Examination:
    """Look at everything; what cannot be asked, because something else is wrong, is told as such.

    Args:
        backends: what to look at.
        tell: hears what is being waited for.
    """
    private = list(examine_private_files(backends))  # before anybody uses the login, which makes its file private
    with Consultation(backends, tell) as spotify:
        account, app_mode = spotify.account(), spotify.app_mode()
        playlists = examine_playlists(spotify, backends.settings.playlists)
        about_spotify = [*spotify.clock(), app_mode, account, spotify.token(), spotify.quota()]
    return Examination(
        (
            *about_spotify,
            *playlists,
            *examine_storage(backends),
            *private,
            *examine_functions(backends.settings),
            *examine_spark(backends.settings),
            *examine_catalog(backends),
            *examine_due_days(backends),
        ),
    )
