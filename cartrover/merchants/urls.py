"""Addresses of people: ``urlpatterns`` below ``/m/<merchant>/``, ``outside`` at the portal's root."""

from django.urls import path

from cartrover.merchants.views import account, joining, settings, team

urlpatterns = [
    path("team/", team.page, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/leave/", team.leave, name="leave_team"),
    path("team/hand-over/", team.hand_over, name="hand_over"),
    path("team/members/<slug:public_id>/role/", team.change_role, name="change_role"),
    path("team/members/<slug:public_id>/remove/", team.remove, name="remove_member"),
    path("team/invitations/<slug:public_id>/resend/", team.resend, name="resend_invitation"),
    path("team/invitations/<slug:public_id>/link/", team.copy_link, name="copy_invitation"),
    path("team/invitations/<slug:public_id>/revoke/", team.revoke, name="revoke_invitation"),
    path("settings/", settings.settings, name="merchant_settings"),
    path("settings/save/", settings.save, name="save_settings"),
    path("settings/notices/", settings.save_notices, name="save_notices"),
    path("audit/", settings.changes, name="audit"),
]

outside = [
    path("account/security/", account.security, name="security"),
    path("account/end-look/", account.end_look, name="end_look"),
    path("join/", joining.join, name="join"),
    path("join/<slug:invitation_id>/accept/", joining.accept, name="accept_invitation"),
    path("join/<str:token>/", joining.link, name="invitation"),
]
