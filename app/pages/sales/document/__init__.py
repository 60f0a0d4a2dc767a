"""A plan's document as a form, and what somebody wrote in it as a document (pure)."""

from app.pages.sales.document.edits import applied
from app.pages.sales.document.form import ChargeForm, DocumentForm, PriceForm, document_form, policies_form, price_forms

__all__ = ("ChargeForm", "DocumentForm", "PriceForm", "applied", "document_form", "policies_form", "price_forms")
