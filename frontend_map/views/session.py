"""Logging in and out, and the page one comes home to."""

from django.contrib.auth.views import LoginView, LogoutView


class LogIn(LoginView):
    """The login form. Failed attempts are counted by django-axes."""

    template_name = "frontend_map/login.html"
    redirect_authenticated_user = True


class LogOut(LogoutView):
    """Ends the session; POST only, so that no foreign link can do it."""
