// Written by `scripts/docs --generate` from the service's OpenAPI document: do not edit.

import { segment } from "./content.js";
import { Transport, content } from "./transport.js";

/** Each operation of the API, with its arguments as the API has them. */
export class Operations extends Transport {
  /** Category, tags, attributes and embedding of products. */
  async analyze(body, options) {
    return this._json({ method: "POST", path: "/v1/products/analyze", ...content(body, "image") }, options);
  }

  /** Embeddings, as OpenAI's clients ask for them. */
  async embed(body, options) {
    return this._json({ method: "POST", path: "/v1/embeddings", json: body }, options);
  }

  /** Search by words, image, product, or several of them. */
  async search(body, options) {
    return this._json({ method: "POST", path: "/v1/search", json: body }, options);
  }

  /** Browse the stored products. */
  async listProducts(query, options) {
    return this._json({ method: "GET", path: "/v1/products", query }, options);
  }

  /** The catalogue as a whole. */
  async overview(options) {
    return this._json({ method: "GET", path: "/v1/overview" }, options);
  }

  /** Products like a stored one. */
  async similar(id, query, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}/similar`, query }, options);
  }

  /** Tell what shoppers did. */
  async addEvents(body, options) {
    return this._json({ method: "POST", path: "/v1/events", json: body }, options);
  }

  /** Recommendations for a user. */
  async recommendations(id, query, options) {
    return this._json({ method: "GET", path: `/v1/users/${segment(id)}/recommendations`, query }, options);
  }

  /** Recommendations for a session. */
  async recommendationsFor(body, options) {
    return this._json({ method: "POST", path: "/v1/recommendations", json: body }, options);
  }

  /** What is bought together. */
  async boughtTogether(id, query, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}/bought-together`, query }, options);
  }

  /** What is known of a user. */
  async userEvents(id, query, options) {
    return this._json({ method: "GET", path: `/v1/users/${segment(id)}/events`, query }, options);
  }

  /** Forget a user. */
  async forgetUser(id, options) {
    return this._nothing({ method: "DELETE", path: `/v1/users/${segment(id)}` }, options);
  }

  /** Keep reviews of a product. */
  async addReviews(id, body, options) {
    return this._json({ method: "POST", path: `/v1/products/${segment(id)}/reviews`, json: body }, options);
  }

  /** Reviews of a product. */
  async reviews(id, query, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}/reviews`, query }, options);
  }

  /** Forget a review. */
  async deleteReview(id, query, options) {
    return this._nothing({ method: "DELETE", path: `/v1/products/${segment(id)}/reviews`, query }, options);
  }

  /** What reviews say of a product. */
  async reviewSummary(id, query, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}/reviews/summary`, query }, options);
  }

  /** What a product may cost. */
  async suggestPrice(body, options) {
    return this._json({ method: "POST", path: "/v1/price", json: body }, options);
  }

  /** What a stored product may cost. */
  async getProductPrice(id, query, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}/price`, query }, options);
  }

  /** A listing's texts for a product that is not stored. */
  async writeDraft(body, options) {
    return this._json({ method: "POST", path: "/v1/drafts", json: body }, options);
  }

  /** A listing's texts for a stored product. */
  async writeProductDraft(id, body, options) {
    return this._json({ method: "POST", path: `/v1/products/${segment(id)}/draft`, json: body }, options);
  }

  /** Ask about the catalogue. */
  async askCatalogue(body, options) {
    return this._json({ method: "POST", path: "/v1/ask", json: body }, options);
  }

  /** Ask about a product. */
  async askProduct(id, body, options) {
    return this._json({ method: "POST", path: `/v1/products/${segment(id)}/ask`, json: body }, options);
  }

  /** The graph of the catalogue. */
  async listEdges(query, options) {
    return this._json({ method: "GET", path: "/v1/knowledge", query }, options);
  }

  /** What is known of a product. */
  async getProductKnowledge(id, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}/knowledge` }, options);
  }

  /** Weekly demand and reorder points. */
  async forecastDemand(body, options) {
    return this._json({ method: "POST", path: "/v1/demand", json: body }, options);
  }

  /** A kept image of a product. */
  async image(id, query, options) {
    return this._blob({ method: "GET", path: `/v1/products/${segment(id)}/image`, query }, options);
  }

  /** A stored product. */
  async getProduct(id, query, options) {
    return this._json({ method: "GET", path: `/v1/products/${segment(id)}`, query }, options);
  }

  /** Store a product. */
  async putProduct(id, body, options) {
    return this._json({ method: "PUT", path: `/v1/products/${segment(id)}`, json: body }, options);
  }

  /** Change a product. */
  async patchProduct(id, body, options) {
    return this._json({ method: "PATCH", path: `/v1/products/${segment(id)}`, json: body }, options);
  }

  /** Forget a product. */
  async deleteProduct(id, query, options) {
    return this._nothing({ method: "DELETE", path: `/v1/products/${segment(id)}`, query }, options);
  }

  /** What messages are about. */
  async intents(body, options) {
    return this._json({ method: "POST", path: "/v1/intents", json: body }, options);
  }

  /** The catalogue as a file. */
  async export(query, options) {
    return this._stream({ method: "GET", path: "/v1/export", query }, options);
  }

  /** Keep a document. */
  async addDocument(body, query, options) {
    return this._json({ method: "POST", path: "/v1/documents", bytes: body, query }, options);
  }

  /** The documents. */
  async listDocuments(query, options) {
    return this._json({ method: "GET", path: "/v1/documents", query }, options);
  }

  /** Delete a document. */
  async deleteDocument(id, options) {
    return this._nothing({ method: "DELETE", path: `/v1/documents/${segment(id)}` }, options);
  }

  /** Ingest a feed. */
  async submitJob(body, options = {}) {
    return this._json({ method: "POST", path: "/v1/jobs", ...content(body, "file"), headers: { "idempotency-key": options.idempotencyKey } }, options);
  }

  /** The newest jobs. */
  async jobs(query, options) {
    return this._json({ method: "GET", path: "/v1/jobs", query }, options);
  }

  /** Look at the beginning of a feed. */
  async previewFeed(body, options) {
    return this._json({ method: "POST", path: "/v1/jobs/preview", ...content(body, "file") }, options);
  }

  /** Feeds on the server. */
  async sources(options) {
    return this._json({ method: "GET", path: "/v1/sources" }, options);
  }

  /** How far a job is. */
  async job(id, options) {
    return this._json({ method: "GET", path: `/v1/jobs/${segment(id)}` }, options);
  }

  /** Rows that failed. */
  jobErrors(id, options) {
    return this._lines({ method: "GET", path: `/v1/jobs/${segment(id)}/errors` }, options);
  }

  /** What products lack. */
  jobWarnings(id, options) {
    return this._lines({ method: "GET", path: `/v1/jobs/${segment(id)}/warnings` }, options);
  }

  /** Stop a job. */
  async cancelJob(id, options) {
    return this._json({ method: "POST", path: `/v1/jobs/${segment(id)}/cancel` }, options);
  }

  /** Begin an upload. */
  async beginUpload(body, options) {
    return this._json({ method: "POST", path: "/v1/uploads", json: body }, options);
  }

  /** Send a part. */
  async appendToUpload(id, body, options = {}) {
    return this._json({ method: "PATCH", path: `/v1/uploads/${segment(id)}`, bytes: body, headers: { "Upload-Offset": options.uploadOffset } }, options);
  }

  /** How far an upload is. */
  async getUpload(id, options) {
    return this._json({ method: "GET", path: `/v1/uploads/${segment(id)}` }, options);
  }

  /** Forget an upload. */
  async deleteUpload(id, options) {
    return this._nothing({ method: "DELETE", path: `/v1/uploads/${segment(id)}` }, options);
  }

  /** Say whether the model is right. */
  async feedback(body, options) {
    return this._json({ method: "POST", path: "/v1/feedback", json: body, repeatable: false }, options);
  }

  /** The verdicts that were given. */
  feedbackGiven(query, options) {
    return this._lines({ method: "GET", path: "/v1/feedback", query }, options);
  }

  /** Judge several products. */
  async feedbackOnSeveral(body, options) {
    return this._json({ method: "POST", path: "/v1/feedback/batch", json: body, repeatable: false }, options);
  }

  /** Judge a product and those alike. */
  async feedbackOnAlike(body, options) {
    return this._json({ method: "POST", path: "/v1/feedback/alike", json: body, repeatable: false }, options);
  }

  /** Take a verdict back. */
  async takeBack(id, query, options) {
    return this._nothing({ method: "DELETE", path: `/v1/feedback/${segment(id)}`, query, repeatable: false }, options);
  }

  /** Categories that the tree lacks. */
  async proposedCategories(options) {
    return this._json({ method: "GET", path: "/v1/feedback/proposals" }, options);
  }

  /** Feedback as training data. */
  async trainingSet(options) {
    return this._stream({ method: "GET", path: "/v1/feedback/training-set" }, options);
  }

  /** What waits for a person. */
  async review(query, options) {
    return this._json({ method: "GET", path: "/v1/review", query }, options);
  }

  /** What waits and is like a product. */
  async alike(id, query, options) {
    return this._json({ method: "GET", path: `/v1/review/${segment(id)}/alike`, query }, options);
  }

  /** How healthy the catalogue is. */
  async audits(options) {
    return this._json({ method: "GET", path: "/v1/audit" }, options);
  }

  /** Look for faults. */
  async audit(options) {
    return this._json({ method: "POST", path: "/v1/audit" }, options);
  }

  /** What was found. */
  async findings(query, options) {
    return this._json({ method: "GET", path: "/v1/audit/findings", query }, options);
  }

  /** Say what to do about a finding. */
  async judgeFinding(id, body, options) {
    return this._json({ method: "POST", path: `/v1/audit/findings/${segment(id)}`, json: body }, options);
  }

  /** Take back what was said of it. */
  async reopenFinding(id, options) {
    return this._nothing({ method: "DELETE", path: `/v1/audit/findings/${segment(id)}`, repeatable: false }, options);
  }

  /** The corrections as a feed. */
  async corrections(options) {
    return this._text({ method: "GET", path: "/v1/audit/patch" }, options);
  }

  /** A feed with the corrections in it. */
  async correctedFeed(body, options) {
    return this._blob({ method: "POST", path: "/v1/audit/corrected", ...content(body, "file") }, options);
  }

  /** The loaded models. */
  async models(options) {
    return this._json({ method: "GET", path: "/v1/models" }, options);
  }

  /** Learn from verdicts. */
  async learn(options) {
    return this._json({ method: "POST", path: "/v1/models", repeatable: false }, options);
  }

  /** What the shadow model would have answered. */
  async comparison(options) {
    return this._json({ method: "GET", path: "/v1/models/comparison" }, options);
  }

  /** Switch to another model. */
  async activate(id, options) {
    return this._json({ method: "POST", path: `/v1/models/${segment(id)}/activate` }, options);
  }

  /** Forget a taught model. */
  async forgetModel(id, options) {
    return this._nothing({ method: "DELETE", path: `/v1/models/${segment(id)}`, repeatable: false }, options);
  }

  /** The category tree. */
  async taxonomy(options) {
    return this._json({ method: "GET", path: "/v1/taxonomy" }, options);
  }

  /** Add a category. */
  async addCategory(body, options) {
    return this._json({ method: "POST", path: "/v1/taxonomy", json: body, repeatable: false }, options);
  }

  /** The map to Google's categories. */
  async categoryMap(query, options) {
    return this._json({ method: "GET", path: "/v1/taxonomy/map", query }, options);
  }

  /** Confirm a category's counterpart. */
  async confirmCategory(body, options) {
    return this._json({ method: "POST", path: "/v1/taxonomy/map", json: body }, options);
  }

  /** What was confirmed. */
  async confirmedCategories(query, options) {
    return this._json({ method: "GET", path: "/v1/taxonomy/map/confirmed", query }, options);
  }

  /** Take a confirmation back. */
  async takeConfirmationBack(id, options) {
    return this._nothing({ method: "DELETE", path: `/v1/taxonomy/map/confirmed/${segment(id)}`, repeatable: false }, options);
  }

  /** The map as a sheet. */
  async categorySheet(query, options) {
    return this._text({ method: "GET", path: "/v1/taxonomy/map/sheet", query }, options);
  }

  /** Google's list of categories. */
  async categoryList(query, options) {
    return this._json({ method: "GET", path: "/v1/taxonomy/map/tree", query }, options);
  }

  /** Send Google's list. */
  async putCategoryList(body, query, options) {
    return this._json({ method: "PUT", path: "/v1/taxonomy/map/tree", bytes: body, query }, options);
  }

  /** Whether the process lives. */
  async health(options) {
    return this._json({ method: "GET", path: "/healthz" }, options);
  }

  /** Whether it can answer. */
  async ready(options) {
    return this._json({ method: "GET", path: "/readyz" }, options);
  }

  /** Metrics for Prometheus. */
  async metrics(options) {
    return this._text({ method: "GET", path: "/metrics" }, options);
  }
}
