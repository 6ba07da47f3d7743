"""Which page goes where."""

from django.conf import settings
from django.urls import include, path, register_converter

from chain.operator import panel as chain_panel
from curation.accounts import views as accounts
from curation.accounts.avatar_views import avatar
from curation.ballots import judging
from curation.ballots import views as ballots
from curation.briefs import views as briefs
from curation.galleries import views as galleries
from curation.live import views as live
from curation.moderation import catalogue_panel as catalogue
from curation.moderation import panel
from curation.moderation import views as moderation
from curation.notifications import views as notifications
from curation.passkeys import views as passkeys
from curation.postcards import views as postcards
from curation.stakes import views as stakes
from curation.standings import views as standings
from generation.agents import panel as agents_panel
from generation.agents import views as agents
from generation.challenges import panel as model_panel
from generation.jobs import panel as jobs_panel
from generation.preferences import views as preferences
from generation.training import views as training
from generation.versions import views as versions
from project import health, pages
from project import panel as settings_panel
from project.api import api


class DigestConverter:
    """A SHA-256 in lower-case hex."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(DigestConverter, "digest")

urlpatterns = [
    path("", briefs.home, name="home"),
    path("briefs/new/", briefs.new_brief, name="brief-new"),
    path("briefs/preview", agents.ask, name="brief-preview"),
    path("briefs/preview/<str:token>", agents.result, name="brief-preview-result"),
    path("briefs/<slug:slug>/", briefs.brief, name="brief"),
    path("briefs/<slug:slug>/withdraw", briefs.withdraw_brief, name="brief-withdraw"),
    path("sign-in/", accounts.sign_in, name="sign-in"),
    path("sign-out/", accounts.sign_out, name="sign-out"),
    path("account/", accounts.account, name="account"),
    path("account/name", accounts.rename, name="account-name"),
    path("account/export.json", accounts.export, name="account-export"),
    path("account/sessions/end", accounts.end_sessions, name="account-sessions-end"),
    path(
        "account/delegations/<int:delegation_id>/revoke",
        accounts.revoke_delegation,
        name="account-delegation-revoke",
    ),
    path("members/<str:address>/", accounts.member, name="member"),
    path("avatars/<str:address>.svg", avatar, name="avatar"),
    path("rounds/<int:round_id>/", galleries.round_wall, name="round"),
    path("rounds/<int:round_id>/events", live.events, name="round-events"),
    path("judge/", judging.judge_any, name="judge-any"),
    path("rounds/<int:round_id>/judge/", judging.judge, name="judge"),
    path("rounds/<int:round_id>/result/", standings.result, name="result"),
    path("verify_round.py", standings.verifier, name="verifier"),
    path("candidates/<digest:digest>/", galleries.candidate, name="candidate"),
    path("candidates/<digest:digest>/stakes", stakes.candidate_stakes, name="candidate-stakes"),
    path("candidates/<digest:digest>/report", moderation.report, name="report"),
    path("transparency/", moderation.transparency, name="transparency"),
    path("appeal/", moderation.appeal, name="appeal"),
    path("moderation/", panel.queue, name="moderation"),
    path("moderation/act", panel.act, name="moderation-act"),
    path("moderation/undo", panel.undo, name="moderation-undo"),
    path("moderation/second/", panel.second, name="moderation-second"),
    path("moderation/appeals/", panel.appeals, name="moderation-appeals"),
    path("moderation/log/", panel.log_page, name="moderation-log"),
    path("moderation/log.jsonl", panel.log_export, name="moderation-log-export"),
    path("moderation/briefs/", catalogue.briefs, name="moderation-briefs"),
    path("moderation/rounds/", catalogue.rounds, name="moderation-rounds"),
    path("moderation/work/", jobs_panel.work, name="moderation-work"),
    path("moderation/model/", model_panel.versions, name="moderation-versions"),
    path("moderation/agents/", agents_panel.agents, name="moderation-agents"),
    path("moderation/chain/", chain_panel.chain, name="moderation-chain"),
    path("moderation/settings/", settings_panel.in_force, name="moderation-settings"),
    path("moderation/keys/", passkeys.keys, name="moderation-keys"),
    path("moderation/keys/options", passkeys.options, name="moderation-keys-options"),
    path("moderation/keys/answer", passkeys.answer, name="moderation-keys-answer"),
    path("moderation/keys/remove", passkeys.remove, name="moderation-keys-remove"),
    path("moderation/members/<str:address>/", panel.member, name="moderation-member"),
    path("moderation/pictures/<digest:digest>", panel.picture, name="moderation-picture"),
    path("rounds/<int:round_id>/pool", stakes.round_pool, name="round-pool"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/read", notifications.read, name="notifications-read"),
    path("notifications/bell", notifications.bell, name="notifications-bell"),
    path("votes/", ballots.votes, name="votes"),
    path("votes/<digest:digest>/learning/", preferences.ballot_learning, name="ballot-learning"),
    path("verify_learning.py", preferences.verifier, name="learning-verifier"),
    path("model/", versions.home, name="model"),
    path("beliefs/", agents.beliefs, name="beliefs"),
    path("versions/<slug:slug>/", versions.version, name="version"),
    path("versions/<slug:slug>/adapter.safetensors", versions.adapter, name="version-adapter"),
    path("versions/<slug:slug>/README.md", versions.card, name="version-card"),
    path("training/<int:run_id>/", training.run, name="training-run"),
    path("training/<int:run_id>/sheet/<digest:digest>.png", training.sheet, name="training-sheet"),
    path("rounds/<int:round_id>/learning/", training.of_round, name="round-learning"),
    path("stakes/", stakes.portfolio, name="stakes"),
    path("activity/", stakes.activity, name="activity"),
    path("media/pictures/<digest:digest>.png", galleries.picture, name="media-picture"),
    path("media/thumbnails/<digest:digest>.webp", galleries.thumbnail, name="media-thumbnail"),
    path("postcards/home.jpg", postcards.home, name="postcard-home"),
    path("postcards/briefs/<slug:slug>.jpg", postcards.brief, name="postcard-brief"),
    path("postcards/rounds/<int:round_id>.jpg", postcards.round_, name="postcard-round"),
    path(
        "postcards/candidates/<digest:digest>.jpg",
        postcards.candidate,
        name="postcard-candidate",
    ),
    path("postcards/versions/<slug:slug>.jpg", versions.postcard_of, name="postcard-version"),
    path("api/v1/", api.urls),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("apple-touch-icon.png", pages.touch_icon, name="touch-icon"),
    path("robots.txt", pages.robots, name="robots"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    *([path("", include("chain.demo.urls"))] if settings.DEMO_WALLET else []),
]

handler403 = "project.pages.forbidden"
handler404 = "project.pages.not_found"
handler500 = "project.pages.broken"
handler400 = "project.pages.bad_request"
