"""All pages, as one router outside the API's document."""

from importlib import import_module

from litestar import Router

from app.pages.visit import DEPENDENCIES, choose_language

__all__ = ("route_handlers",)

_MODULES = (
    "app.pages.account",
    "app.pages.sso",
    "app.pages.invitation",
    "app.pages.welcome",
    "app.pages.forgotten",
    "app.pages.sales.pages",
    "app.pages.sales.new_customer_pages",
    "app.pages.sales.answer_pages",
    "app.pages.sales.definition_pages",
    "app.pages.sales.plan_pages",
    "app.pages.sales.new_plan_pages",
    "app.pages.sales.move_pages",
    "app.pages.sales.quote_pages",
    "app.pages.sales.contract_pages",
    "app.pages.sales.coupon_pages",
    "app.pages.sales.limit_pages",
    "app.pages.sales.cost_pages",
    "app.pages.sales.revenue_pages",
    "app.pages.admin.pages",
    "app.pages.admin.people_pages",
    "app.pages.admin.person_page",
    "app.pages.admin.organisation_pages",
    "app.pages.admin.usage_pages",
    "app.pages.admin.seat_acts",
    "app.pages.admin.seat_pages",
    "app.pages.admin.floating_pages",
    "app.pages.admin.invitation_pages",
    "app.pages.admin.files",
    "app.pages.admin.import_pages",
    "app.pages.admin.xapi_pages",
    "app.pages.admin.key_pages",
    "app.pages.admin.archive_pages",
    "app.pages.admin.offer_pages",
    "app.pages.admin.credit_pages",
    "app.pages.admin.directory_pages",
    "app.pages.admin.webhook_pages",
    "app.pages.admin.sso_pages",
    "app.pages.admin.user_pages",
    "app.pages.admin.mail_pages",
    "app.pages.admin.licence_pages",
    "app.pages.admin.alert_pages",
    "app.pages.admin.live",
    "app.pages.admin.event_page",
    "app.pages.finance.pages",
    "app.pages.finance.acts",
    "app.pages.centre",
)

route_handlers = (
    Router(
        path="/",
        route_handlers=[handler for name in _MODULES for handler in import_module(name).route_handlers],
        dependencies=DEPENDENCIES,
        before_request=choose_language,
        include_in_schema=False,
    ),
)
