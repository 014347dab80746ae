import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spotify_pipeline.errors import SettingsError
from spotify_pipeline.spotify.playlist_ids import parse_kept_id, parse_playlist_id, parse_playlists

ID = "37i9dQZF1DXcBWIGoYBM5M"
OTHER = "0a1B2c3D4e5F6g7H8i9J0k"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

FORMS = [
    "{}",
    "spotify:playlist:{}",
    "spotify:user:spotify:playlist:{}",
    "spotify:user:name.with-dots_and%20more:playlist:{}",
    "https://open.spotify.com/playlist/{}",
    "http://open.spotify.com/playlist/{}",
    "open.spotify.com/playlist/{}",
    "https://play.spotify.com/playlist/{}",
    "play.spotify.com/user/someone/playlist/{}",
    "https://open.spotify.com/user/someone/playlist/{}",
    "https://open.spotify.com/playlist/{}/",
    "https://open.spotify.com/playlist/{}?si=0123456789abcdef",
    "https://open.spotify.com/playlist/{}/?si=0123456789abcdef",
    "https://open.spotify.com/playlist/{}?si=0123456789abcdef&pt=abc%2Fdef#top",
    "https://open.spotify.com/playlist/{}#_=_",
    "https://open.spotify.com/intl-de/playlist/{}",
    "https://open.spotify.com/intl-pt-BR/playlist/{}?si=0123456789abcdef",
    "open.spotify.com/intl-de/playlist/{}",
    "https://open.spotify.com/embed/playlist/{}?utm_source=generator&theme=0",
    "https://open.spotify.com/intl-ja/embed/playlist/{}",
    "https://open.spotify.com/embed/user/someone/playlist/{}",
    "HTTPS://Open.Spotify.com/Playlist/{}",
    "Spotify:Playlist:{}",
    "<https://open.spotify.com/playlist/{}>",
    "<spotify:playlist:{}>",
    '"{}"',
    "'https://open.spotify.com/playlist/{}?si=0123456789abcdef'",
    "  {}\n",
]
WRONG = [
    "",
    " ",
    "mine",
    ID[:-1],
    ID + "x",
    ID[:-1] + "-",
    ID[:-1] + "é",
    ID[:-1] + "\N{KELVIN SIGN}",
    ID[:-1] + "\N{LATIN SMALL LETTER LONG S}",
    ID[:-1] + "\N{ARABIC-INDIC DIGIT ONE}",
    f"{ID} {OTHER}",
    f"{ID}\nsi=1",
    f"spotify:album:{ID}",
    f"spotify:track:{ID}",
    f"spotify:user:{ID}",
    f"spotify:user:someone:{ID}",
    f"spotify:playlist:{ID[:-1]}",
    f"spotify:playlist:{ID}x",
    f"https://open.spotify.com/album/{ID}",
    f"https://open.spotify.com/track/{ID}?si=1",
    f"https://open.spotify.com/intl-de/artist/{ID}",
    f"https://open.spotify.com/{ID}",
    "https://open.spotify.com/playlist/",
    f"https://open.spotify.com/playlist/{ID}x",
    f"https://open.spotify.com/playlist/{ID}/{OTHER}",
    f"https://example.com/playlist/{ID}",
    f"https://open.spotify.com.example.com/playlist/{ID}",
    f"https://openxspotify.com/playlist/{ID}",
    f"https://example.com/?u=https://open.spotify.com/playlist/{ID}",
    f"ftp://open.spotify.com/playlist/{ID}",
]

ids = st.text(BASE62, min_size=22, max_size=22)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=10)
@given(playlist_id=ids)
def test_an_id_comes_back_from_every_form_that_people_paste(form: str, playlist_id: str) -> None:
    assert parse_playlist_id(form.format(playlist_id)) == playlist_id


@pytest.mark.parametrize("text", WRONG)
def test_what_names_no_playlist_is_refused_with_what_to_give_instead(text: str) -> None:
    with pytest.raises(SettingsError, match=r"is not a playlist: give its id .*, its URI .* or its URL") as caught:
        parse_playlist_id(text)
    assert str(caught.value).startswith(repr(text.strip()))
    assert "\n" not in str(caught.value)


@given(
    st.text()
    | st.text("spotify:playlist/?#<>\"' \n", max_size=40)
    | st.text(BASE62 + "\N{KELVIN SIGN}\N{LATIN SMALL LETTER LONG S}", min_size=22, max_size=22)
    | st.sampled_from(FORMS + WRONG).flatmap(lambda form: st.text(form or " ", max_size=60))
)
@example("\N{KELVIN SIGN}" * 22)
def test_any_text_gives_an_id_or_a_refusal(text: str) -> None:
    try:
        playlist_id = parse_playlist_id(text)
    except SettingsError:
        return
    assert len(playlist_id) == 22
    assert set(playlist_id) <= set(BASE62)
    assert playlist_id in text


@pytest.mark.parametrize("text", ["mine", "Mine", " MINE\n", "mine,"])
def test_mine_stands_for_all_of_the_users_playlists(text: str) -> None:
    assert parse_playlists(text) is None


def test_a_list_may_mix_forms_commas_spaces_and_lines() -> None:
    text = f"""
        https://open.spotify.com/intl-de/playlist/{OTHER}?si=0123456789abcdef, "spotify:playlist:{ID}",
        <https://open.spotify.com/playlist/zZyYxXwWvVuUtTsSrRqQpP>\t1111111111222222222233,,
    """
    assert parse_playlists(text) == (OTHER, ID, "zZyYxXwWvVuUtTsSrRqQpP", "1111111111222222222233")


def test_a_playlist_that_is_named_twice_counts_once_and_keeps_its_first_place() -> None:
    assert parse_playlists(f"{ID},{OTHER},spotify:playlist:{ID},{OTHER}") == (ID, OTHER)


def test_ids_that_differ_in_case_only_are_different_playlists() -> None:
    assert parse_playlists(f"{ID},{ID.swapcase()}") == (ID, ID.swapcase())


@given(st.lists(ids, min_size=1, max_size=5), st.sampled_from([",", ", ", "\n", " ", ",\r\n\t", " , "]), st.data())
def test_a_list_gives_its_ids_in_order_and_without_repetition(
    playlist_ids: list[str], separator: str, data: st.DataObject
) -> None:
    forms = st.sampled_from([form for form in FORMS if form.strip() == form])
    text = separator.join(data.draw(forms).format(playlist_id) for playlist_id in playlist_ids)
    assert parse_playlists(text) == tuple(dict.fromkeys(playlist_ids))


@pytest.mark.parametrize("text", ["", " \n", ",", " , ,"])
def test_an_empty_list_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="SPOTIFY_PIPELINE_PLAYLISTS is empty"):
        parse_playlists(text)


def test_one_wrong_entry_refuses_the_list_and_is_the_one_that_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^'spotify:album:37i9dQZF1DXcBWIGoYBM5M' is not a playlist"):
        parse_playlists(f"{OTHER},spotify:album:{ID}")


def test_mine_cannot_be_mixed_with_playlists() -> None:
    with pytest.raises(SettingsError, match=r"^'mine' is not a playlist"):
        parse_playlists(f"mine,{ID}")


def test_ids_of_our_own_are_known_where_the_history_is_meant() -> None:
    assert parse_kept_id(" imported-my-list ") == "imported-my-list"
    assert parse_kept_id("spotify:playlist:37i9dQZF1DXcBWIGoYBM5M") == "37i9dQZF1DXcBWIGoYBM5M"
    for text in ("imported-", "imported-../x", "my-list"):
        with pytest.raises(SettingsError, match="is not a playlist"):
            parse_kept_id(text)
