// Draws the OpenAPI document beside this page. Nothing is loaded from elsewhere:
// the validator that Swagger UI would call is switched off.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
