export { Client, type ExportedProduct } from "./client.js";
export { RequestFailed, ServiceTimeout, ServiceUnreachable, ShelflensError, WebhookInvalid } from "./errors.js";
export * from "./operations.js";
export type { Binary, ClientOptions, Image, RequestOptions, Retries } from "./transport.js";
export { verifyWebhook, type WebhookEvent } from "./webhooks.js";
