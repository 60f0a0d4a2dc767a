// Shows the OpenAPI document that the service serves; nothing is loaded from elsewhere.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({ url: "/docs/openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true });
});
