"""Who reads is told by the browser; what it says that makes no sense is passed over."""

import pytest

from app.i18n import negotiate


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de_AT"),
        ("en;q=0.3, fr-CA;q=0.7", "fr_CA"),
        ("en", "en_GB"),
        ("en-US", "en_US"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("", "en_GB"),
        ("*", "en_GB"),
        ("xx-YY, !!, ;q=, de;q=x, nl", "nl"),
        ("a" * 5000, "en_GB"),
    ],
)
def test_the_best_known_locale_is_taken(header: str, locale: str) -> None:
    assert str(negotiate(header).locale) == locale


def test_texts_stay_english_where_there_is_no_translation() -> None:
    assert negotiate("fr-CA").language == "en"
