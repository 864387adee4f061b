/** A client of Shelflens' HTTP API for Node 18 or later and for browsers. */

export { Client } from "./client.js";
export { RequestFailed, ServiceTimeout, ServiceUnreachable, ShelflensError, WebhookInvalid } from "./errors.js";
export { verifyWebhook } from "./webhooks.js";
