"""One's own profile and tokens, and the admins' page of users."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from identity import selectors, services
from identity.forms import AccessForm, NewUserForm, TokenForm
from identity.http import Request
from identity.models import ApiToken, User
from identity.problems import DomainError

_manages_users = permission_required("identity.manage_users", raise_exception=True)


@require_GET
def profile(request: Request) -> HttpResponse:
    """The user's role, scope and tokens."""
    return _profile(request, TokenForm())


@never_cache
@require_POST
def token_issue(request: Request) -> HttpResponse:
    """Issue a token and show its value, this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _profile(request, form, status=422)
    value = services.issue_token(request.user, now=timezone.now(), **form.cleaned_data)
    return _profile(request, TokenForm(), issued=value)


@require_POST
def token_revoke(request: Request, pk: int) -> HttpResponse:
    """End a token."""
    try:
        token = services.revoke_token(pk, actor=request.user, now=timezone.now())
    except ApiToken.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, f"The token “{token.name}” no longer opens anything.")
    if token.user_id == request.user.pk:
        return redirect("profile")
    return redirect("user-detail", token.user_id)


def _profile(
    request: Request, form: TokenForm, *, issued: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "role": services.role_of(request.user),
        "tokens": selectors.live_tokens(request.user, now=timezone.now()),
        "form": form,
        "issued": issued,
    }
    return render(request, "identity/profile.html", context, status=status)


@_manages_users
@require_GET
def user_list(request: Request) -> HttpResponse:
    """Everyone, with the form to add someone."""
    return _users(request, NewUserForm())


@never_cache
@_manages_users
@require_POST
def user_create(request: Request) -> HttpResponse:
    """Create a user and show their password, this once."""
    form = NewUserForm(request.POST)
    if form.is_valid():
        try:
            user, password = services.create_user(
                **form.cleaned_data, actor=request.user, now=timezone.now()
            )
        except DomainError as error:
            form.add_error("username", str(error))
        else:
            return _users(request, NewUserForm(), created=user, password=password)
    return _users(request, form, status=422)


def _users(
    request: Request,
    form: NewUserForm,
    *,
    created: User | None = None,
    password: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = [{"user": user, "role": services.role_of(user)} for user in selectors.users()]
    context = {"rows": rows, "form": form, "created": created, "password": password}
    return render(request, "identity/user_list.html", context, status=status)


@_manages_users
def user_detail(request: Request, pk: int) -> HttpResponse:
    """One user: see and change role and scope."""
    user = get_object_or_404(User, pk=pk)
    if request.method != "POST":
        return _user(request, user)
    form = AccessForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        try:
            services.set_role(pk, role=form.cleaned_data["role"], actor=request.user, now=now)
            services.set_scopes(pk, scopes=form.cleaned_data["scopes"], actor=request.user, now=now)
        except DomainError as error:
            form.add_error("role", str(error))
        else:
            messages.success(request, f"{user.username}'s access is changed.")
            return redirect("user-detail", pk)
    return _user(request, user, form, status=422)


@_manages_users
@require_POST
def user_active(request: Request, pk: int) -> HttpResponse:
    """Deactivate or activate a user."""
    get_object_or_404(User, pk=pk)
    active = request.POST.get("active") == "yes"
    try:
        services.set_active(pk, active=active, actor=request.user, now=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("user-detail", pk)


@never_cache
@_manages_users
@require_POST
def user_password(request: Request, pk: int) -> HttpResponse:
    """Generate a new password and show it, this once."""
    get_object_or_404(User, pk=pk)
    user, password = services.reset_password(pk, actor=request.user, now=timezone.now())
    return _user(request, user, password=password)


def _user(
    request: Request,
    user: User,
    form: AccessForm | None = None,
    *,
    password: str = "",
    status: int = 200,
) -> HttpResponse:
    role = services.role_of(user)
    context = {
        "person": user,
        "role": role,
        "tokens": selectors.live_tokens(user, now=timezone.now()),
        "form": form or AccessForm(initial={"role": role, "scopes": "\n".join(user.scopes)}),
        "password": password,
    }
    return render(request, "identity/user_detail.html", context, status=status)
