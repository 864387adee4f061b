// Written by `scripts/docs --generate` from the service's OpenAPI document: do not edit.

import type { Binary, Image, RequestOptions } from "./transport.js";

export interface AlikeProduct {
  id: string;
  title: string;
  description: string;
  brand: string;
  price: number | null;
  currency: string;
  link: string;
  product_type: string;
  /** A text where there is one value, else a list. */
  attributes: Record<string, string | string[]>;
  list_price: number | null;
  sale_price: number | null;
  sale_dates: string;
  unit_price: number | null;
  unit_measure: string;
  availability: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued";
  status: "" | "active" | "draft" | "archived";
  sku: string;
  gtin: string;
  mpn: string;
  google_product_category: string;
  variants: VariantOut[];
  images: number;
  /** The version of the model that read it. */
  model: string;
  /** When it was first stored, ISO 8601, UTC; null if unknown. */
  added_at: string | null;
  understanding: UnderstandingOut;
  conflicts: ConflictOut[];
  contradictions: ContradictionOut[];
  /** At most 10, as they were when either was stored. */
  doubles: DoubleOut[];
  judgement: JudgementOut | null;
  /** Of norm 1; null unless asked for. */
  embedding: number[] | null;
  /** Cosine similarity to the product. */
  score: number;
}

/** One verdict for a product and for those that are the same to a person. Where it accepts a category, that category is right for all of them. */
export interface AlikeRequest {
  product_id: string;
  verdict: "accept" | "reject" | "correct";
  /** The id of a node of the category tree. */
  category?: string | null;
  /** Where the tree lacks the right one: its path from the top down, such as "Kitchen > Mugs". It is kept as a proposal; the tree stays as it is. */
  proposed_category?: string | null;
  tags?: string[] | null;
  attributes?: Record<string, string> | null;
  comment?: string;
  /** Without it, all that wait and are so near. */
  others?: string[] | null;
  /** The least cosine similarity. */
  above?: number;
}

/** Waiting products, the likest first. */
export interface AlikeResponse {
  products: AlikeProduct[];
}

/** Products to analyze, answered in their order. An item that cannot be read has its error in its result, with status 200; only a request that is wrong as a whole fails as a whole. */
export interface AnalyzeRequest {
  /** How many alternative categories to give. */
  top_k?: number;
  /** The parts to answer; those left out are null. `category` has alternatives. `modalities`: what image and text say alone, in `evidence`. `evidence`: that, and why: words, heat map, nearest products, which takes 6 (a title) to 30 times (an image) as long. `suggested_price`: as of /v1/price. */
  include?: ("category" | "tags" | "attributes" | "embedding" | "modalities" | "evidence" | "suggested_price")[];
  /** Cut the embedding to this length (64, 128 or 256 for the shipped model), again of norm 1. */
  embedding_dimensions?: number | null;
  /** Of `suggested_price`, as in /v1/price. */
  currency?: string;
  items: Item[];
}

export interface AnalyzeResponse {
  /** The model's version: part of the sha256 of its files. */
  model: string;
  taxonomy_version: string;
  results: Result[];
  usage: Usage;
}

/** What answers, word for word as its source has it: text[0] is the letter `start` of a description or a review, of another source the first. name: of the attribute or field, the heading above the sentence, or the id of the review. by: who says so, of which `certainty` is how sure that is. */
export interface AnswerOut {
  text: string;
  source: "attribute" | "title" | "description" | "document" | "review";
  name: string;
  start: number;
  by: "feed" | "model" | "verdict" | "document" | "review";
  /** How probably it answers the question. */
  score: number;
  certainty: number;
  /** Of which it is said; empty where of several. */
  product_id: string;
  /** The document's file, where it is from one. */
  document: string;
  /** Of a PDF, from 1. */
  page: number | null;
}

/** A question in English or Chinese. */
export interface AskRequest {
  question: string;
  /** Also have the first answer in a sentence, by the endpoint of `llm_url`. */
  reword?: boolean;
}

/** answers: best first; none where nothing answers, and then `message` says so. */
export interface AskResponse {
  answered: boolean;
  answers: AnswerOut[];
  message: string;
  /** The first answer in a sentence, of words of the answer alone. */
  reworded: string;
  /** Null unless asked for. `refused`: it said more than the answer; `off`: there is no endpoint. */
  rewording: "done" | "refused" | "failed" | "off" | null;
}

/** What is promised of a value where so much is read of a product: either of both. */
export interface AttributeClaim {
  modalities: "image" | "text" | "both";
  promise: AttributeOutcome | null;
  unpromised: AttributeOutcome | null;
}

export interface AttributeOut {
  name: string;
  values: string[];
}

/** target: of the precision. A promise has a threshold, its bound and the share of the products taken for the value that it covers; without one `needed` says how many products, with as many errors, would prove the target. */
export interface AttributeOutcome {
  target: number;
  products: number;
  errors: number;
  threshold: number | null;
  bound: number | null;
  coverage: number | null;
  needed: number | null;
}

export interface AttributeValue {
  value: string;
  score: number;
}

/** images: how many are kept of it. */
export interface AuditFoundProduct {
  id: string;
  title: string;
  images: number;
}

export interface AuditsResponse {
  /** The newest first, at most 30. */
  runs: RunOut[];
  /** Of the last run's findings, by code. */
  counts: Record<string, StatesOut>;
  merging: MergingOut;
}

/** A question to the products that a filter leaves, by default to all of them. */
export interface CatalogueAskRequest {
  question: string;
  /** Also have the first answer in a sentence, by the endpoint of `llm_url`. */
  reword?: boolean;
  /** As in /v1/search, of the products that are asked. Documents about the shop are asked, too. */
  filter?: Filter | null;
}

/** A node of the category tree. `path` has the labels from the top down, `path_scores` their probabilities. */
export interface Category {
  id: string;
  path: string[];
  path_scores: number[];
  score: number;
}

/** id: of the category in the tree; model: the version that knows it, which is active now. */
export interface CategoryAdded {
  id: string;
  path: string[];
  model: string;
}

/** Google's list of categories, as it was sent. */
export interface CategoryList {
  version: string;
  categories: number;
}

/** The categories of the active model with what they may be in Google's list, the least sure first. */
export interface CategoryMapResponse {
  /** Null while there is none; then nothing is proposed. */
  tree: CategoryList | null;
  /** False while categories are compared: `done` of `categories` so far. */
  ready: boolean;
  done: number;
  /** Names that the model has to read before that. */
  unread: number;
  categories: number;
  /** Neither confirmed nor named by the tree itself. */
  open: number;
  confirmed: number;
  results: MapRow[];
  /** Where the next page starts; null behind the last. */
  after: number | null;
}

/** path: the labels from the top down. Of Google's without ids the id is the whole path. */
export interface CategoryOut {
  id: string;
  path: string[];
}

/** A category that the active model is to know: by its name, and by products of it, if there are any. */
export interface CategoryRequest {
  /** Such as `Garden > Hoses`. */
  path: string;
  /** Ids of stored products of the category. */
  products?: string[];
  /** Other products of it, which are not stored; five will do. */
  items?: Item[];
}

/** times: how often both were bought in one visit. */
export interface CompanionOut {
  product: ProductOut;
  times: number;
}

export interface CompanionsResponse {
  products: CompanionOut[];
}

/** A stored product with a price in the same currency. */
export interface ComparableOut {
  id: string;
  title: string;
  price: number;
  /** The cosine of both embeddings. */
  similarity: number;
}

/** How the shadow's answers differ on the products analyzed since both were loaded. products: how many were compared; missed: how many the shadow was too busy or failed to read. Each share is 0 to 1 and null while there is nothing to tell it from. */
export interface ComparisonResponse {
  active: string;
  shadow: string;
  products: number;
  missed: number;
  /** The share with another category. */
  changed_categories: number | null;
  /** How many of the active model's ten likeliest categories are among the shadow's. */
  top_ten_overlap: number | null;
  /** The same of a product's ten nearest among the last 500: how much searches would change. */
  neighbour_overlap: number | null;
  /** The last products with another category. */
  examples: Difference[];
}

/** That a category is one of Google's, or none of them. */
export interface ConfirmationRequest {
  to?: "google";
  /** An id of the active model's tree. */
  category: string;
  /** An id of Google's list; null: it has none. */
  counterpart: string | null;
}

export interface ConfirmationsResponse {
  confirmed: ConfirmedOut[];
}

/** What a person said. category: of the model's tree; counterpart: Google's, null where there is none; given_by: the name of the API key. */
export interface ConfirmedOut {
  id: number;
  category: string;
  counterpart: CategoryOut | null;
  given_by: string;
  created_at: string;
}

/** An attribute of which the merchant and the model say different things. The merchant's stands. */
export interface ConflictOut {
  name: string;
  yours: string;
  model: string;
  /** How sure the model is of its own. */
  score: number;
}

/** rows: id and title of some of the products. */
export interface ConfusedPair {
  given: string;
  taken: string;
  products: number;
  rows: ([string, string])[];
}

/** Where a product contradicts itself: its picture the words, or either the merchant's own fields. */
export interface ContradictionOut {
  code: string;
  /** `category`, or the attribute or field that it is about. */
  field: string;
  /** What the words say against a picture, else what the field says. */
  said: string;
  /** What the other side says. */
  proposed: string;
  /** That it is one; 1 where words contradict a field. */
  probability: number;
  /** The same in English. */
  sentence: string;
  evidence: SideOut[];
}

/** guessed: what so many examples would bring, by how the others went. */
export interface CurvePoint {
  examples: number;
  right: number;
  guessed: boolean;
}

/** How many products have each decision. abstain: no category could be promised. */
export interface Decisions {
  auto: number;
  review: number;
  abstain: number;
}

/** Of one product, units of each week ahead. mean: what is expected; median, low, high: quantiles. All are null for a `reason`. tested: on how many errors of the past, or weeks of neighbours, the interval rests. */
export interface DemandOut {
  id: string;
  method: string | null;
  mean: number[] | null;
  median: number[] | null;
  low: number[] | null;
  high: number[] | null;
  tested: number;
  safety_stock: number | null;
  reorder_point: number | null;
  /** Of a cold start, the nearest first. */
  neighbours: NeighbourOut[];
  /** Why there is no forecast: `not_stored`: it is new, and no stored product, so nothing is near it; `no_neighbours`: it is new, and no other product of the request is stored with a history. */
  reason: "" | "not_stored" | "no_neighbours";
}

/** Histories, and what is asked of each. Products with fewer than eight weeks are forecast from those of the others that are stored and nearest to them. */
export interface DemandRequest {
  histories: HistoryIn[];
  /** Weeks ahead. */
  horizon?: number;
  /** The share of weeks that intervals hold. */
  coverage?: number;
  /** From an order to its arrival. */
  lead_time_weeks?: number;
  /** The probability not to run out meanwhile. */
  service_level?: number;
}

/** coverage: of the intervals. forecasts: in the order of the request. */
export interface DemandResponse {
  coverage: number;
  forecasts: DemandOut[];
}

/** A top node of the category tree. products: how many lie in it or below it. */
export interface Department {
  id: string;
  label: string;
  label_zh: string;
  products: number;
}

/** A product that the two models put in different categories. id: as the request gave it. A model that can promise none has an empty path and no score. */
export interface Difference {
  id: string;
  active: string[];
  active_score: number | null;
  shadow: string[];
  shadow_score: number | null;
}

/** A document that is kept. target: the id of a product or a category, or a brand in lower case; empty for the whole shop. pieces: how many sentences it has. */
export interface DocumentOut {
  id: number;
  name: string;
  kind: "markdown" | "html" | "pdf" | "text";
  scope: "shop" | "category" | "brand" | "product";
  target: string;
  pieces: number;
  created_at: string;
  given_by: string;
}

export interface DocumentsResponse {
  documents: DocumentOut[];
  /** Where the next page starts; null behind the last. */
  after: number | null;
}

/** A product stored before, which this one seems to be once more, or a variant of. */
export interface DoubleOut {
  /** `duplicate`, or `variant`: it differs in `axes`. */
  code: "duplicate" | "variant";
  /** The other's id. */
  product: string;
  axes: string[];
  /** That it is so. */
  probability: number;
  /** The same in English. */
  sentence: string;
}

/** given: the feed's category; likelier: the model's, from the products that are nearest. */
export interface DoubtedRow {
  id: string;
  line: number;
  title: string;
  given: string;
  likelier: string;
  given_score: number;
  likelier_score: number;
  neighbours: NearRow[];
}

export interface DraftOptions {
  /** Whose limits the texts keep. */
  channel?: "google" | "amazon" | "ebay" | "shopify" | "taobao" | "xiaohongshu";
  /** Of what stands between the product's own words. These stay, but for colours and people. */
  language?: "en" | "zh";
  /** Have the description written by `draft_model`, or else by the endpoint of `llm_url`. */
  style?: boolean;
}

/** What a listing of the product may say, each word with its source. */
export interface DraftOut {
  channel: "google" | "amazon" | "ebay" | "shopify" | "taobao" | "xiaohongshu";
  language: "en" | "zh";
  title: TextOut;
  description: TextOut;
  bullets: TextOut[];
  ad: TextOut;
  /** Null unless asked for. `refused`: it said more than the facts, so the description is the template's; `off`: the service has nothing that writes. */
  styling: "done" | "refused" | "failed" | "off" | null;
}

/** A product that is not stored. What the model says of it counts where it is accepted unseen (`auto`). */
export interface DraftRequest {
  /** Yours; it is repeated in the result. */
  id?: string;
  title?: string;
  description?: string;
  /** Images as data URIs in base64: JPEG, PNG, WebP, GIF or BMP. */
  images?: Image[];
  /** What is known already, read as words of the description. */
  attributes?: Record<string, string | string[]>;
  /** Whose limits the texts keep. */
  channel?: "google" | "amazon" | "ebay" | "shopify" | "taobao" | "xiaohongshu";
  /** Of what stands between the product's own words. These stay, but for colours and people. */
  language?: "en" | "zh";
  /** Have the description written by `draft_model`, or else by the endpoint of `llm_url`. */
  style?: boolean;
  brand?: string;
  /** Your own category, as in "Home > Kitchen > Mugs". The model does not read it. */
  product_type?: string;
}

/** subject, object: `product:ID`, `category:ID`, `document:ID`, or as an object a value. by: who says so; score: how sure that is; source: the model's version, the document's file, or `finding:ID` of the last audit. */
export interface EdgeOut {
  subject: string;
  predicate: string;
  object: string;
  by: "feed" | "model" | "verdict" | "document" | "audit";
  score: number;
  source: string;
}

/** A page may be short, or empty, while there are more. */
export interface EdgesResponse {
  edges: EdgeOut[];
  /** Where the next page starts; null behind the last. */
  after: string | null;
}

/** Words, an image, or both: one vector, by the model's learned fusion. */
export interface EmbeddingItem {
  text?: string | null;
  /** An image as a data URI in base64: JPEG, PNG, WebP, GIF or BMP. */
  image?: Image | null;
}

export interface EmbeddingOut {
  object: "embedding";
  index: number;
  /** Of norm 1. */
  embedding: number[] | string;
}

/** OpenAI's request. Fields of theirs that mean nothing here, such as `user`, are ignored, as clients send them. */
export interface EmbeddingsRequest {
  /** One input or a list of them. A data URI is read as the image that it is. */
  input: string | EmbeddingItem | (string | EmbeddingItem)[];
  /** A version that /v1/models lists, or any other name for the active. */
  model?: string | null;
  /** Cut the vectors to this length, again of norm 1. */
  dimensions?: number | null;
  /** base64: little-endian float32. */
  encoding_format?: "float" | "base64" | null;
}

export interface EmbeddingsResponse {
  object: "list";
  data: EmbeddingOut[];
  model: string;
  usage: Usage;
}

/** What went wrong. `code` is stable across releases; `param` names the field at fault, where one is. */
export interface ErrorDetail {
  message: string;
  type: string;
  param: string | null;
  code: string;
}

/** What a shopper did. product_id: of all but a search; query: of a search. id: yours, of this event: one that is sent again is not kept again. */
export interface EventIn {
  /** Of a person or a session. Yours; better no name or address. */
  user_id: string;
  kind: "view" | "click" | "cart" | "purchase" | "search";
  product_id?: string | null;
  query?: string | null;
  time?: string | null;
  id?: string | null;
}

/** An event as it is kept. */
export interface EventOut {
  id: string;
  kind: "view" | "click" | "cart" | "purchase" | "search";
  product_id: string;
  query: string;
  time: string;
}

/** received: events of the request; new: those that were not kept before. */
export interface EventsKept {
  received: number;
  new: number;
}

/** Events in any order, also late ones: all of them are kept, or none. */
export interface EventsRequest {
  events: EventIn[];
}

/** The newest first. after: the id of the last one, for the next page; null at the end. */
export interface EventsResponse {
  events: EventOut[];
  after: string | null;
}

/** The category that each modality could promise alone; null if it cannot, or the product has not both. */
export interface Evidence {
  image: Category | null;
  text: Category | null;
}

/** One side's word. start, end: its place in the title or the description; score: how sure it is of that, or what it adds to the log-odds. */
export interface EvidenceOut {
  source: "title" | "description" | "image" | "field" | "model" | "product" | "channel";
  says: string;
  start: number | null;
  end: number | null;
  score: number | null;
  /** Which sentence `says` is, where it is one of ours; else "". */
  code: string;
  /** What stands in that sentence, in order. */
  values: string[];
}

export interface FacetValue {
  value: string;
  count: number;
}

/** A row that could not be ingested. row: as the feed has it. */
export interface FailedRow {
  line: number;
  id: string;
  code: string;
  reason: string;
  row: Record<string, unknown>;
}

/** A column of the feed, its first values, and what it is read as. */
export interface FeedColumn {
  name: string;
  /** As in `columns`; null: it is not read. */
  field: string | null;
  examples: string[];
}

/** A price as the feed has it, and as it is read; null with the code of the error where it cannot be. */
export interface FeedPrice {
  column: string;
  written: string;
  price: number | null;
  currency: string;
  code: string;
}

/** A feed that lies on the server, or was uploaded before: CSV, TSV, JSON, JSON lines, XML, Parquet, or a zip of one of these and its images. Either `source` or `upload`. */
export interface FeedRequest {
  /** Its path below the server's folder of feeds. */
  source?: string | null;
  /** The id of a finished upload, see /v1/uploads. */
  upload?: string | null;
  /** Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images, brand, price, list_price, sale_price, currency, link, product_type, sku, gtin, availability, status, and others, attributes, or attributes.NAME. Several columns, parted by commas: the first with a value counts. Usual columns are recognised without. A field whose column is empty is read from none. */
  columns?: Record<string, string>;
  /** Of the feed's text, such as windows-1252. Recognised without. */
  encoding?: string;
}

/** What a row of the feed becomes, or what is wrong with it. images: how many images it names. */
export interface FeedRow {
  line: number;
  id: string;
  title: string;
  price: number | null;
  currency: string;
  product_type: string;
  images: number;
  /** What the product is stored without. */
  warnings: RowError[];
  error: RowError | null;
}

/** Several verdicts, answered in their order. One that cannot be kept has its error in its result. */
export interface FeedbackBatch {
  items: FeedbackRequest[];
}

/** title: the product's; empty once it is stored no more. A conflicting verdict does not count, as another person's contradicts it: the product waits. */
export interface FeedbackOut {
  id: number;
  product_id: string;
  title: string;
  verdict: "accept" | "reject" | "correct";
  category: string | null;
  proposed_category: string | null;
  tags: string[] | null;
  attributes: Record<string, string> | null;
  comment: string;
  /** ISO 8601, UTC. */
  created_at: string;
  /** The category that the verdict was given on: what `accept` accepts. */
  seen: string | null;
  /** The name of the API key; empty without keys. */
  given_by: string;
  /** The first of the verdicts that were given as one with it. */
  group: number | null;
  conflicting: boolean;
}

/** `accept`: the stored understanding is right. `correct`: it should be this. `reject`: it is wrong, and what is right is not known. `correct` needs a category, a proposed category, tags or attributes. */
export interface FeedbackRequest {
  product_id: string;
  verdict: "accept" | "reject" | "correct";
  /** The id of a node of the category tree. */
  category?: string | null;
  /** Where the tree lacks the right one: its path from the top down, such as "Kitchen > Mugs". It is kept as a proposal; the tree stays as it is. */
  proposed_category?: string | null;
  tags?: string[] | null;
  attributes?: Record<string, string> | null;
  comment?: string;
}

export interface FeedbackResponse {
  results: FeedbackResult[];
}

/** One of the two. */
export interface FeedbackResult {
  feedback: FeedbackOut | null;
  error: ErrorDetail | null;
}

/** Several keys of one object must all hold. Of a list of values one must match. A category stands for all below it, and is named by its id, its name, its path or Google's id. The case of values does not matter. `not` of a price holds for products without one. At most 8 deep, with 100 values in all. */
export interface Filter {
  category?: string | string[];
  product_type?: string | string[];
  google_product_category?: string | string[];
  brand?: string | string[];
  tags?: string | string[];
  decision?: string | string[];
  currency?: string | string[];
  guess?: string | string[];
  verdict?: string | string[];
  notes?: string | string[];
  availability?: string | string[];
  status?: string | string[];
  sku?: string | string[];
  gtin?: string | string[];
  mpn?: string | string[];
  price?: {
    gte?: number;
    lte?: number;
    gt?: number;
    lt?: number;
  };
  attributes?: Record<string, string | string[]>;
  and?: Filter[];
  or?: Filter[];
  not?: Filter;
}

/** A fault of a product. field: the attribute or the field of the feed; said: what the catalogue says; proposed: what it should say, or "" where that is not known. */
export interface FindingOut {
  id: string;
  code: string;
  /** In English. */
  sentence: string;
  product: string;
  /** Other products that it is of, at most 100. */
  others: string[];
  /** The product and some of the others. */
  products: AuditFoundProduct[];
  field: string;
  said: string;
  proposed: string;
  /** Whether `corrected` with a value can be said of it. */
  takes_value: boolean;
  /** What accepting it writes into the row of `product`, by field; {} where no value is known. */
  writes: Record<string, string>;
  /** That it is a fault. */
  probability: number;
  evidence: EvidenceOut[];
  state: "open" | "accepted" | "corrected" | "dismissed";
  /** What a person wrote in place of `proposed`. */
  value: string;
  /** The name of the API key. */
  given_by: string;
  judged_at: string | null;
  /** Open, but promised: the patch has it, unless it is dismissed. */
  auto: boolean;
}

/** What is to be done about a finding. */
export interface FindingVerdict {
  /** `accepted`: it is so; `corrected`: the field is `value`; `dismissed`: it is no fault. */
  verdict: "accepted" | "corrected" | "dismissed";
  /** With `corrected`. */
  value?: string;
}

export interface FindingsResponse {
  /** The gravest first. */
  findings: FindingOut[];
  /** Where the next page starts; null behind the last. */
  after: number | null;
}

/** Also what speaks for the answer, where `evidence` is asked for. Null where nothing could be read. */
export interface FullEvidence {
  image: Category | null;
  text: Category | null;
  /** The category that the scores are of: the answer, or without one the likeliest leaf. */
  explained: Category | null;
  /** Of its score. */
  log_odds: number | null;
  /** In the order of the text, at most 32. */
  words: WordEvidence[] | null;
  /** The further words of a long text. */
  words_untried: string[] | null;
  /** Of the first image, rows from the top, cells from the left; null without one. What it adds to the log-odds of the category: above 0 it speaks for it, below 0 against it; 1 makes the odds 2.7 times as large. */
  heat_map: number[][] | null;
  /** At most three stored products; null where the index cannot be asked or compared with. */
  nearest: NearestProduct[] | null;
}

/** How many products wait whose likeliest leaf is this node of the tree or lies under it. */
export interface GuessCount {
  category: string;
  count: number;
}

export interface Health {
  status: "ok";
}

/** What was sold of a product in each week, the oldest first, up to the last whole week. */
export interface HistoryIn {
  /** Of a stored product, for a cold start. */
  id: string;
  /** Units a week. Empty: it is new. */
  sales?: number[];
}

/** Why a product was found. */
export interface HitEvidence {
  /** By the likeness of embeddings; null without a vector. */
  vectors: ListPlace | null;
  /** By words; null for a query without any. */
  words: ListPlace | null;
  /** The words of the query that the product has. */
  matched: string[];
  /** One of its numbers was asked for, which comes before everything. */
  by_number: boolean;
}

/** `unknown` where no intent is near enough: a person should read the message. */
export interface IntentOut {
  intent: string;
  /** Of the intent, or of the nearest one that was refused. */
  score: number;
  /** The example that is nearest to the text, where there is one. */
  nearest: string | null;
}

export interface IntentsRequest {
  texts: string[];
}

/** One result for each text, in order. model: the version of the model that read the texts. */
export interface IntentsResponse {
  model: string;
  results: IntentOut[];
}

/** One product: at least one image or some text. */
export interface Item {
  /** Yours; it is repeated in the result. */
  id?: string;
  title?: string;
  description?: string;
  /** Images as data URIs in base64: JPEG, PNG, WebP, GIF or BMP. */
  images?: Image[];
  /** What is known already, read as words of the description. */
  attributes?: Record<string, string | string[]>;
}

/** done: rows dealt with, whatever became of them; skipped: those that are stored already as they are. A job with a `category` stores nothing; it teaches. */
export interface JobOut {
  id: string;
  state: "queued" | "running" | "complete" | "failed" | "cancelled";
  /** The path that was given, or the name of the file that came along. */
  source: string;
  dry_run: boolean;
  /** ISO 8601, UTC. */
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** Rows of the feed; null while they are being counted. */
  total: number | null;
  done: number;
  failed: number;
  skipped: number;
  added: number;
  updated: number;
  /** With `replace`: products that the feed no longer has. */
  removed: number;
  /** Code -> how often; see `/v1/jobs/{id}/warnings`. */
  warnings: Record<string, number>;
  /** From the rate so far; null while there is none. */
  eta_seconds: number | null;
  /** Whether it teaches a model. */
  teaching: boolean;
  /** What came of teaching, once it is complete. */
  taught: Taught | null;
  /** Whether it looks for faults in what is stored: see `/v1/audit`. */
  auditing: boolean;
  /** Why the job failed as a whole. */
  error: ErrorDetail | null;
}

/** A feed that lies on the server, or was uploaded before: CSV, TSV, JSON, JSON lines, XML, Parquet, or a zip of one of these and its images. Either `source` or `upload`. */
export interface JobRequest {
  /** Its path below the server's folder of feeds. */
  source?: string | null;
  /** The id of a finished upload, see /v1/uploads. */
  upload?: string | null;
  /** Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images, brand, price, list_price, sale_price, currency, link, product_type, sku, gtin, availability, status, and others, attributes, or attributes.NAME. Several columns, parted by commas: the first with a value counts. Usual columns are recognised without. A field whose column is empty is read from none. */
  columns?: Record<string, string>;
  /** Of the feed's text, such as windows-1252. Recognised without. */
  encoding?: string;
  /** Read and check every row, and store nothing. */
  dry_run?: boolean;
  /** Fail a row for an image that cannot be read. Without, the product is stored without it. */
  strict?: boolean;
  /** When the whole feed is read, take out the products that it no longer has. Refused (`replace_refused`) if they are more than the server's `max_replace_share`. */
  replace?: boolean;
  /** Teach a model instead of ingesting: the column of the categories, paths such as Garden > Hoses. */
  category?: string;
  /** With `category`: precision to promise of what is accepted unseen. */
  target?: number;
  /** With `category`: attributes to teach as well, name -> column, such as {"colour": "base_colour"}. An empty column: the attribute that the feed has by this name. */
  attributes?: Record<string, string>;
}

export interface JobsResponse {
  jobs: JobOut[];
}

/** What a person said of the model's answer. answer: the model's own, in place of which the product has what the person said; proposed_category: a path that the tree lacks, which waits for the tree to have it. conflicting: another person says otherwise than the last one, so the product waits with the model's answer. */
export interface JudgementOut {
  verdict: "accept" | "reject" | "correct";
  proposed_category: string | null;
  answer: UnderstandingOut;
  conflicting: boolean;
}

/** Of a model that has learnt from verdicts with the one that it learnt on, by the products of these verdicts, which neither had seen. lost: branches that only the active one promises. */
export interface LearntComparison {
  active: string;
  verdicts: number;
  active_right: number;
  right: number;
  lost: string[];
  never_worse: boolean;
}

/** A product's place in one of the ranked lists that make the order. */
export interface ListPlace {
  /** From 1; null if it is not among the first 1,000. */
  rank: number | null;
  /** The list's own: cosine similarity, or BM25. */
  score: number;
  /** What the score adds to the sum by which products are ordered. */
  adds: number;
}

/** finer: whether this is the counterpart of a category above, as the category itself is of a finer kind. */
export interface MapProposal {
  id: string;
  path: string[];
  score: number;
  finer: boolean;
}

/** A category of the active model. named: Google's id as the tree itself has it, or ""; proposals: best first. */
export interface MapRow {
  category: CategoryOut;
  named: string;
  proposals: MapProposal[];
  confirmed: ConfirmedOut | null;
}

/** Whether duplicates may be merged unseen, by people's verdicts: those from `least` on, of which at least `bound` are right (95 % confidence). */
export interface MergingOut {
  promised: boolean;
  /** The precision that is asked. */
  target: number;
  /** That count: all, or of those that are sure enough. */
  verdicts: number;
  wrong: number;
  /** Verdicts that would do, with as many wrong; null if promised. */
  needed: number | null;
  /** The least probability that is promised. */
  least: number | null;
  bound: number | null;
  /** The share of the verdicts that are from there on. */
  coverage: number | null;
  /** The same in English. */
  sentence: string;
}

export interface ModelOut {
  /** The model's version: part of the sha256 of its files. */
  id: string;
  object: "model";
  /** When it was taught, in seconds since 1970; 0 for a loaded one. */
  created: number;
  owned_by: "shelflens";
  /** The active model answers; a shadow only reads along. Both are loaded, as is the base, from which the active one was taught. The others that were taught here can be activated, too. */
  role: "active" | "shadow" | "base" | "taught";
  taxonomy_version: string;
  /** Pixels of a side. */
  image_size: number;
  embedding_dimensions: number[];
  /** That the model reads of one text; of a longer one the beginning. */
  max_input_tokens: number;
}

export interface ModelsResponse {
  object: "list";
  data: ModelOut[];
  /** Null where the stored products are filed by the active model. */
  refiling: Refiling | null;
  /** Verdicts that no model has learnt from; null where the active model was not taught. */
  unlearnt: number | null;
}

export interface NearRow {
  id: string;
  title: string;
  category: string;
  cosine: number;
}

/** A stored product with a category that a person gave or confirmed, or that the model is sure of (`auto`). */
export interface NearestProduct {
  id: string;
  title: string;
  category: Category;
  labelled_by: "person" | "model";
  /** The cosine of both embeddings. */
  similarity: number;
}

export interface NeighbourOut {
  id: string;
  /** The cosine of both embeddings. */
  similarity: number;
}

export interface NodeOut {
  id: string;
  parent: string | null;
  label: string;
  label_zh: string;
}

/** The catalogue as a whole. */
export interface OverviewResponse {
  products: number;
  decisions: Decisions;
  /** Products that wait for a verdict: /v1/review has them. */
  waiting: number;
  /** Those with products, the fullest first. */
  departments: Department[];
  /** The newest feed; null if there was none. */
  last_job: JobOut | null;
}

/** A part of the text that holds an opinion, by its first character and the one after its last. score: -1 to 1. */
export interface PassageOut {
  start: number;
  end: number;
  sentiment: "positive" | "negative" | "neutral";
  score: number;
}

/** How a feed is read. A column whose `field` is null is not read. */
export interface PreviewResponse {
  /** `zip`: of images alone. Null where it could not be told. */
  format: "csv" | "jsonl" | "json" | "xml" | "parquet" | "folder" | "zip" | null;
  /** The shop system that the feed is taken to come from, by its columns. */
  system: string;
  columns: FeedColumn[];
  /** At most three of each column of prices. */
  prices: FeedPrice[];
  /** At most five. */
  rows: FeedRow[];
  /** Why a job would refuse the feed as it is. */
  error: ErrorDetail | null;
}

/** What the product may cost, by the prices of stored products like it. low, median, high: null for a `reason`. */
export interface PriceOut {
  currency: string;
  coverage: number;
  low: number | null;
  median: number | null;
  high: number | null;
  /** Why there is no price: `too_few_comparables`: fewer than five stored products in this currency are like it; `too_few_priced`: too few of them have prices for this coverage; `nothing_readable`: nothing of the product can be read. */
  reason: "" | "nothing_readable" | "too_few_comparables" | "too_few_priced";
  /** At most 20, the nearest first. */
  comparables: ComparableOut[];
  /** How many stored prices the coverage was measured on. */
  calibrated_on: number;
}

/** A product, stored or not. `id`: a stored product of this id is not compared with. */
export interface PriceRequest {
  /** Yours; it is repeated in the result. */
  id?: string;
  title?: string;
  description?: string;
  /** Images as data URIs in base64: JPEG, PNG, WebP, GIF or BMP. */
  images?: Image[];
  /** What is known already, read as words of the description. */
  attributes?: Record<string, string | string[]>;
  /** ISO 4217. By default the one that the most products have. */
  currency?: string;
  /** Products of your own category are compared first. */
  product_type?: string;
  /** The least probability with which the interval holds the price. */
  coverage?: number;
}

/** What to change of a stored product; what is left out stays, what is null is cleared. A price that is what list price, sale price and sale dates say follows a change of them. */
export interface ProductChange {
  title?: string | null;
  description?: string | null;
  images?: Image[] | null;
  brand?: string | null;
  /** What a shopper pays, by which filters and orders go. Left out, it is `sale_price` while the sale lasts, else `list_price`. */
  price?: number | null;
  currency?: string | null;
  link?: string | null;
  product_type?: string | null;
  attributes?: Record<string, string | string[]> | null;
  /** The price without a sale. */
  list_price?: number | null;
  sale_price?: number | null;
  sale_dates?: string | null;
  /** Of one `unit_measure`. */
  unit_price?: number | null;
  unit_measure?: string | null;
  /** out_of_stock and discontinued: left out of search. */
  availability?: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued" | null;
  /** draft and archived: left out of search. */
  status?: "" | "active" | "draft" | "archived" | null;
  sku?: string | null;
  /** EAN, UPC or ISBN. */
  gtin?: string | null;
  /** The manufacturer's part number. */
  mpn?: string | null;
  /** An id or a path of Google's product taxonomy. */
  google_product_category?: string | null;
  variants?: VariantFields[] | null;
}

/** A product to store. The model reads title, description and images: at least one of them. */
export interface ProductIn {
  title?: string | null;
  description?: string | null;
  images?: Image[] | null;
  brand?: string | null;
  /** What a shopper pays, by which filters and orders go. Left out, it is `sale_price` while the sale lasts, else `list_price`. */
  price?: number | null;
  currency?: string | null;
  link?: string | null;
  product_type?: string | null;
  attributes?: Record<string, string | string[]> | null;
  /** The price without a sale. */
  list_price?: number | null;
  sale_price?: number | null;
  sale_dates?: string | null;
  /** Of one `unit_measure`. */
  unit_price?: number | null;
  unit_measure?: string | null;
  /** out_of_stock and discontinued: left out of search. */
  availability?: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued" | null;
  /** draft and archived: left out of search. */
  status?: "" | "active" | "draft" | "archived" | null;
  sku?: string | null;
  /** EAN, UPC or ISBN. */
  gtin?: string | null;
  /** The manufacturer's part number. */
  mpn?: string | null;
  /** An id or a path of Google's product taxonomy. */
  google_product_category?: string | null;
  variants?: VariantFields[] | null;
}

export interface ProductKnowledge {
  edges: EdgeOut[];
  /** The product as schema.org/Product. */
  jsonld: Record<string, unknown>;
}

/** A stored product. images: how many images of it are kept, to be had at /v1/products/{id}/image?n=0. */
export interface ProductOut {
  id: string;
  title: string;
  description: string;
  brand: string;
  price: number | null;
  currency: string;
  link: string;
  product_type: string;
  /** A text where there is one value, else a list. */
  attributes: Record<string, string | string[]>;
  list_price: number | null;
  sale_price: number | null;
  sale_dates: string;
  unit_price: number | null;
  unit_measure: string;
  availability: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued";
  status: "" | "active" | "draft" | "archived";
  sku: string;
  gtin: string;
  mpn: string;
  google_product_category: string;
  variants: VariantOut[];
  images: number;
  /** The version of the model that read it. */
  model: string;
  /** When it was first stored, ISO 8601, UTC; null if unknown. */
  added_at: string | null;
  understanding: UnderstandingOut;
  conflicts: ConflictOut[];
  contradictions: ContradictionOut[];
  /** At most 10, as they were when either was stored. */
  doubles: DoubleOut[];
  judgement: JudgementOut | null;
  /** Of norm 1; null unless asked for. */
  embedding: number[] | null;
}

/** Stored products without a query. total: how many the filter leaves; facets: counted over all of them. */
export interface ProductsResponse {
  products: ProductOut[];
  facets: Record<string, FacetValue[]>;
  total: number;
}

export interface Proposal {
  /** The path from the top down. */
  category: string;
  products: number;
}

/** Categories that people miss in the tree, those first that are proposed for most products. */
export interface ProposalsResponse {
  proposals: Proposal[];
}

/** What the queue can be restricted to. Each part counts what the other leaves. */
export interface QueueMenu {
  decisions: Record<string, number>;
  guesses: GuessCount[];
}

/** products: how many are stored. indexed: the share of them, 0 to 1, that searches need not compare one by one. status: degraded where files are damaged. damaged: which, what is not served for it, and how to repair them. */
export interface Ready {
  status: "ready" | "degraded";
  model: string;
  taxonomy_version: string;
  products: number;
  indexed: number;
  damaged: string[];
}

/** Why a product is recommended. source: `earlier`: the shopper came to it himself; `together`, `later`: others came to it in one visit with the product `product_id`, or in a later one; `alike`: it is like what the shopper came to, `product_id` above all; `popular`: many come to it; `sequence`: shoppers come to such products after what the shopper came to, in its order; `new`: it was stored last. */
export interface ReasonOut {
  source: "earlier" | "together" | "later" | "alike" | "popular" | "sequence" | "new";
  product_id: string | null;
  title: string | null;
}

export interface RecommendationOut {
  product: ProductOut;
  /** For comparing those of one answer. */
  score: number;
  reason: ReasonOut;
}

/** A session of somebody without an id: what was done in it, in any order. Nothing of it is kept. */
export interface RecommendationsRequest {
  events?: SessionEvent[] | null;
  limit?: number | null;
  /** As in /v1/search. */
  filter?: Filter | null;
  /** Products that are not wanted. */
  exclude?: string[] | null;
  /** Whether what was met in earlier visits may come again. */
  again?: boolean | null;
  /** How much a product loses for being like one above it. */
  diversity?: number | null;
}

/** Best first. */
export interface RecommendationsResponse {
  recommendations: RecommendationOut[];
}

/** How many of the stored products are filed by the active model, while that goes on. */
export interface Refiling {
  done: number;
  total: number;
}

/** What the model makes of one item, or its error. A part is null if it was not asked for or there is an error. */
export interface Result {
  id: string;
  /** The deepest node of the tree that can be promised; null also if the decision is `abstain`. */
  category: Category | null;
  /** Other leaves, the likeliest first: those below the category; mere guesses without one. */
  alternatives: Category[] | null;
  tags: Tag[] | null;
  attributes: Record<string, AttributeValue> | null;
  /** Of norm 1. */
  embedding: number[] | null;
  evidence: FullEvidence | Evidence | null;
  modalities_used: ("image" | "text")[];
  decision: "auto" | "review" | "abstain" | null;
  /** `text_not_read`: words in a script that the model cannot read were left out, or it knows nothing of the text. `unfamiliar`: the product is unlike everything the model was taught, so it has no category. */
  notes: ("text_not_read" | "unfamiliar")[];
  /** Where it contradicts itself, the most probable first; then the decision is not `auto`. */
  contradictions: ContradictionOut[];
  /** Null also where the index cannot be asked or compared with. */
  suggested_price: PriceOut | null;
  error: ErrorDetail | null;
}

/** reviews: how many name the aspect; positive, negative: how many of these have a sentence that speaks so of it. One that has both counts in both. */
export interface ReviewAspect {
  name: string;
  reviews: number;
  positive: number;
  negative: number;
  sentences: ReviewSentence[];
}

/** One review. Its id is the shop's: a review that comes again under its id replaces itself. */
export interface ReviewIn {
  id: string;
  text: string;
  /** As the shop has it, of any scale. */
  rating?: number | null;
  /** ISO 8601, with a time zone. */
  written_at?: string | null;
}

/** sentiment: of the passages together. */
export interface ReviewOut {
  id: string;
  text: string;
  rating: number | null;
  /** ISO 8601, UTC. */
  written_at: string | null;
  sentiment: "positive" | "negative" | "neutral";
  passages: PassageOut[];
}

/** Products of low confidence that nobody has judged. after: the cursor of the next page; total: of all pages; menu: on the first page alone; stored: how many products the index holds in all. */
export interface ReviewResponse {
  products: ProductOut[];
  after: string | null;
  total: number;
  menu: QueueMenu | null;
  stored: number;
}

/** A sentence of a review, by its first character in the review's text and the one after its last. */
export interface ReviewSentence {
  /** The review's id. */
  review: string;
  text: string;
  start: number;
  end: number;
  sentiment: "positive" | "negative" | "neutral";
}

/** positive, negative: how many reviews are so as a whole; the others hold no opinion, or balanced ones. aspects: those that are named in the largest number of reviews first. */
export interface ReviewSummary {
  reviews: number;
  positive: number;
  negative: number;
  aspects: ReviewAspect[];
}

/** How many were new, had another text, rating or time before, or were kept already. */
export interface ReviewsKept {
  added: number;
  changed: number;
  unchanged: number;
}

export interface ReviewsRequest {
  reviews: ReviewIn[];
}

/** total: how many there are on all pages. */
export interface ReviewsResponse {
  reviews: ReviewOut[];
  total: number;
}

/** As `code` and `reason` of a job's failed row. */
export interface RowError {
  code: string;
  message: string;
}

/** figures: of the catalogue as a whole, such as `distinct`, how many different products it has; counts: findings by code, without those that had been dismissed. */
export interface RunOut {
  id: number;
  /** ISO 8601, UTC. */
  created_at: string;
  products: number;
  figures: Record<string, number>;
  counts: Record<string, number>;
}

/** A match. score: cosine similarity, 0 to 1; of a query that the model could not read, of the words. duplicates: ids of near-equal products left out (`collapse`). */
export interface SearchFoundProduct {
  id: string;
  title: string;
  description: string;
  brand: string;
  price: number | null;
  currency: string;
  link: string;
  product_type: string;
  /** A text where there is one value, else a list. */
  attributes: Record<string, string | string[]>;
  list_price: number | null;
  sale_price: number | null;
  sale_dates: string;
  unit_price: number | null;
  unit_measure: string;
  availability: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued";
  status: "" | "active" | "draft" | "archived";
  sku: string;
  gtin: string;
  mpn: string;
  google_product_category: string;
  variants: VariantOut[];
  images: number;
  /** The version of the model that read it. */
  model: string;
  /** When it was first stored, ISO 8601, UTC; null if unknown. */
  added_at: string | null;
  understanding: UnderstandingOut;
  conflicts: ConflictOut[];
  contradictions: ContradictionOut[];
  /** At most 10, as they were when either was stored. */
  doubles: DoubleOut[];
  judgement: JudgementOut | null;
  /** Of norm 1; null unless asked for. */
  embedding: number[] | null;
  score: number;
  duplicates: string[];
  /** Null unless asked for (`include`). */
  evidence: HitEvidence | null;
}

/** Look for products like these words, this image, this stored product, or several of them at once. */
export interface SearchRequest {
  text?: string | null;
  /** An image as a data URI in base64: JPEG, PNG, WebP, GIF or BMP. */
  image?: Image | null;
  /** A stored product; it is not among the results. */
  product_id?: string | null;
  weights?: Weights | null;
  /** Such as {"category": "aa-8", "price": {"lte": 50}, "attributes": {"colour": ["red"]}, "not": {"brand": "Acme"}}. */
  filter?: Filter | null;
  limit?: number | null;
  offset?: number | null;
  /** category, brand, product_type, tags, decision, currency, availability, status, or an attribute's name. Counted are the 1,000 best matches. */
  facets?: string[] | null;
  /** The order of the 1,000 best matches. Products without a price come last. */
  sort?: "relevance" | "newest" | "price_asc" | "price_desc" | null;
  /** Leave out near-duplicates of better results. */
  collapse?: boolean | null;
  /** Leave out what is not like the query. Without a floor, everything is ranked. */
  floor?: boolean | null;
  /** Also find what is not for sale: draft, archived, out of stock, discontinued. A filter that names `availability` or `status` does so, too. What is out of stock or discontinued is always found by its exact number (SKU, GTIN, MPN, id). */
  include_unavailable?: boolean | null;
  /** `evidence`: why each product was found. It takes about as long again. */
  include?: "evidence"[] | null;
}

/** Best first. nearest: at most five products to show if nothing stored is like the query; results is empty then. total: how many products are found, at most 1,000; without a floor, how many the filter leaves. notes: of what the model made of the query; where it could not read it, products are found by their words. */
export interface SearchResponse {
  results: SearchFoundProduct[];
  nearest: SearchFoundProduct[];
  facets: Record<string, FacetValue[]>;
  total: number;
  model: string;
  /** `text_not_read`: words in a script that the model cannot read were left out, or it knows nothing of the text. `unfamiliar`: the product is unlike everything the model was taught, so it has no category. */
  notes: ("text_not_read" | "unfamiliar")[];
}

/** What a shopper did with a product. */
export interface SessionEvent {
  kind?: "view" | "click" | "cart" | "purchase" | "search" | null;
  product_id: string;
  time?: string | null;
}

/** What one side says. start, end: its place in that text. */
export interface SideOut {
  source: "title" | "description" | "image" | "field" | "model" | "product" | "channel";
  says: string;
  start: number | null;
  end: number | null;
  /** How sure the model is of it; null for words. */
  score: number | null;
}

export interface SourceOut {
  /** The `source` of a job. */
  path: string;
  bytes: number;
  /** ISO 8601, UTC. */
  modified_at: string;
}

export interface SourcesResponse {
  /** By path, at most 500. Null: the server has no folder of feeds. */
  sources: SourceOut[] | null;
}

/** A part of a text. source: the field that has it: `title`, `description`, `brand`, `product_type`, `category`, or a name behind `attributes.`, `model.` or `verdict.`; "" for what the template puts between words. */
export interface SpanOut {
  text: string;
  source: string;
}

export interface StatesOut {
  open: number;
  accepted: number;
  corrected: number;
  dismissed: number;
}

export interface Tag {
  name: string;
  score: number;
}

export interface TagOut {
  name: string;
  label_zh: string;
}

/** A model that was taught, and how right it is about products that it had not seen. */
export interface Taught {
  /** Of the model, on the server: for `shelflens serve --model`. */
  folder: string;
  version: string;
  examples: number;
  categories: number;
  levels: TaughtLevel[];
  /** The share that is accepted unseen. */
  auto: number;
  /** The share of these that is right. */
  auto_right: number;
  curve: CurvePoint[];
  /** Categories with too few examples, and how many these are. */
  few: Record<string, number>;
  confusions: ConfusedPair[];
  /** Rows whose category is perhaps wrong, the likeliest first. */
  doubts: DoubtedRow[];
  attributes: TaughtAttribute[];
  /** Rows that were left out, by code. */
  failed: Record<string, number>;
  /** With the active model, where it has learnt from verdicts. */
  comparison: LearntComparison | null;
}

/** examples: products with a value; several: with more than one; rare: with one that too few have. right: the share whose likeliest value is right, each unseen; given: the share that is given a value, and given_right: the share of these that is right. read: by which modalities most were read. */
export interface TaughtAttribute {
  name: string;
  examples: number;
  several: number;
  rare: number;
  right: number;
  given: number;
  given_right: number;
  read: "image" | "text" | "both";
  values: TaughtValue[];
}

/** right: share of the products that have a category so deep. */
export interface TaughtLevel {
  level: number;
  products: number;
  right: number;
}

export interface TaughtValue {
  value: string;
  products: number;
  claims: AttributeClaim[];
}

/** The category tree, parents before children, and the vocabularies of tags and attributes. */
export interface TaxonomyResponse {
  version: string;
  nodes: NodeOut[];
  tags: TagOut[];
  attributes: AttributeOut[];
}

/** length: as the channel counts, at most `limit`. spans: together they are the text. */
export interface TextOut {
  text: string;
  length: number;
  limit: number;
  spans: SpanOut[];
}

/** What the model made of a stored product, or a person who corrected it (scores of 1). */
export interface UnderstandingOut {
  /** The deepest node of the tree that can be promised; null if there is none. */
  category: Category | null;
  /** Other leaves, the likeliest first: those below the category; mere guesses without one. */
  alternatives: Category[];
  tags: Tag[];
  attributes: Record<string, AttributeValue>;
  modalities_used: ("image" | "text")[];
  decision: "auto" | "review" | "abstain";
  /** `text_not_read`: words in a script that the model cannot read were left out, or it knows nothing of the text. `unfamiliar`: the product is unlike everything the model was taught, so it has no category. */
  notes: ("text_not_read" | "unfamiliar")[];
}

/** received: bytes that are there, which is where the next part starts. */
export interface UploadOut {
  id: string;
  filename: string;
  bytes: number;
  received: number;
  /** The most that one part may have. */
  part_bytes: number;
}

export interface UploadProgress {
  /** Bytes that are there, which is where the next part starts. */
  received: number;
}

/** A file that is to come in parts. */
export interface UploadRequest {
  /** Its end says the format where the content does not. */
  filename: string;
  /** The size of the whole file. */
  bytes: number;
}

/** What was read. prompt_tokens, total_tokens: the tokens of all texts that the model read, at most `max_input_tokens` of each text (GET /v1/models); images have none. truncated: the positions of the texts that are longer, of which the rest was not read. */
export interface Usage {
  prompt_tokens: number;
  total_tokens: number;
  truncated: number[];
}

/** One of the articles that a product is sold as, such as a size of a colour. */
export interface VariantFields {
  /** Filters and facets read the product's attributes, not these. */
  options?: Record<string, string>;
  /** A product is found by its exact number. */
  sku?: string;
  /** A product is found by its exact number. */
  gtin?: string;
  /** A product is found by its exact number. */
  mpn?: string;
  price?: number | null;
  availability?: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued";
}

/** One of the articles that a product is sold as. */
export interface VariantOut {
  options: Record<string, string>;
  sku: string;
  gtin: string;
  mpn: string;
  price: number | null;
  availability: "" | "in_stock" | "out_of_stock" | "preorder" | "backorder" | "discontinued";
}

/** What a product was stored without. */
export interface WarnedRow {
  line: number;
  id: string;
  code: string;
  reason: string;
}

/** How much each part counts. Without weights the model reads words and image together, as one product. */
export interface Weights {
  /** Below 0: unlike it. */
  text?: number;
  /** Below 0: unlike it. */
  image?: number;
  /** Below 0: unlike it. */
  product_id?: number;
}

/** A word of the text, left out in all its places. */
export interface WordEvidence {
  word: string;
  /** What it adds to the log-odds of the category: above 0 it speaks for it, below 0 against it; 1 makes the odds 2.7 times as large. */
  score: number;
  places: WordPlace[];
}

/** Characters `start` to `end` of the field, from 0. Known attributes are lines behind the description. */
export interface WordPlace {
  field: "title" | "description";
  start: number;
  end: number;
}

/** One product as a form, its images as files in fields named `image`. What is wrong with it is the status. */
export interface AnalyzeForm {
  /** How many alternative categories to give. */
  top_k?: number;
  /** The parts to answer; those left out are null. `category` has alternatives. `modalities`: what image and text say alone, in `evidence`. `evidence`: that, and why: words, heat map, nearest products, which takes 6 (a title) to 30 times (an image) as long. `suggested_price`: as of /v1/price. */
  include?: ("category" | "tags" | "attributes" | "embedding" | "modalities" | "evidence" | "suggested_price")[];
  /** Cut the embedding to this length (64, 128 or 256 for the shipped model), again of norm 1. */
  embedding_dimensions?: number;
  /** Of `suggested_price`, as in /v1/price. */
  currency?: string;
  id?: string;
  title?: string;
  description?: string;
  /** Image files: JPEG, PNG, WebP, GIF or BMP. */
  image?: Binary[];
}

/** A feed that comes along, as a file in the field `file`. `columns` is JSON text. */
export interface FeedForm {
  /** The feed. */
  file: Binary;
  /** JSON text. Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images, brand, price, list_price, sale_price, currency, link, product_type, sku, gtin, availability, status, and others, attributes, or attributes.NAME. Several columns, parted by commas: the first with a value counts. Usual columns are recognised without. A field whose column is empty is read from none. */
  columns?: string | Record<string, string>;
  /** Of the feed's text, such as windows-1252. Recognised without. */
  encoding?: string;
}

/** A feed that comes along, as a file in the field `file`. `columns` and `attributes` are JSON text. */
export interface JobForm {
  /** The feed. */
  file: Binary;
  /** JSON text. Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images, brand, price, list_price, sale_price, currency, link, product_type, sku, gtin, availability, status, and others, attributes, or attributes.NAME. Several columns, parted by commas: the first with a value counts. Usual columns are recognised without. A field whose column is empty is read from none. */
  columns?: string | Record<string, string>;
  /** Of the feed's text, such as windows-1252. Recognised without. */
  encoding?: string;
  /** Read and check every row, and store nothing. */
  dry_run?: boolean;
  /** Fail a row for an image that cannot be read. Without, the product is stored without it. */
  strict?: boolean;
  /** When the whole feed is read, take out the products that it no longer has. Refused (`replace_refused`) if they are more than the server's `max_replace_share`. */
  replace?: boolean;
  /** Teach a model instead of ingesting: the column of the categories, paths such as Garden > Hoses. */
  category?: string;
  /** With `category`: precision to promise of what is accepted unseen. */
  target?: number;
  /** With `category`: attributes to teach as well, name -> column, such as {"colour": "base_colour"}. An empty column: the attribute that the feed has by this name. */
  attributes?: Record<string, string>;
}

/** A feed, or its beginning, that comes along as a file in the field `file`. `columns` is JSON text. */
export interface PreviewForm {
  /** The feed. */
  file: Binary;
  /** JSON text. Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images, brand, price, list_price, sale_price, currency, link, product_type, sku, gtin, availability, status, and others, attributes, or attributes.NAME. Several columns, parted by commas: the first with a value counts. Usual columns are recognised without. A field whose column is empty is read from none. */
  columns?: string | Record<string, string>;
  /** Of the feed's text, such as windows-1252. Recognised without. */
  encoding?: string;
  /** The file is only the feed's beginning, cut anywhere, so its last row is left out. */
  cut?: boolean;
}

export declare class Operations {
  /** Category, tags, attributes and embedding of products. Nothing is stored. Each item of a JSON request has its own result, in their order: one that cannot be read has its error there, with status 200, and only a request that is wrong as a whole fails as a whole. A multipart form takes one product, and its error is the status. What is accepted (`auto`) is so also after verdicts: a branch whose promise they ended is for a person (`review`), within a second. */
  analyze(body: AnalyzeRequest | AnalyzeForm, options?: RequestOptions): Promise<AnalyzeResponse>;

  /** Embeddings, as OpenAI's clients ask for them. One vector of norm 1 for each input: words, or an object of `text` and `image`, read together. A long list is read in portions, between which other requests have their turn. */
  embed(body: EmbeddingsRequest, options?: RequestOptions): Promise<EmbeddingsResponse>;

  /** Search by words, image, product, or several of them. Stored products like the words, the image, the product, or several of them, best first. */
  search(body: SearchRequest, options?: RequestOptions): Promise<SearchResponse>;

  /** Browse the stored products. Stored products in an order, all or those that a filter leaves, without anything to look for. */
  listProducts(query?: { filter?: Filter | string; sort?: "newest" | "price_asc" | "price_desc"; limit?: number; offset?: number; facets?: string[] }, options?: RequestOptions): Promise<ProductsResponse>;

  /** The catalogue as a whole. How many products there are, in which departments, how sure the model is of them, and the last feed. */
  overview(options?: RequestOptions): Promise<OverviewResponse>;

  /** Products like a stored one. Stored products like a stored one, itself left out, nearest first. */
  similar(id: string, query?: { limit?: number; offset?: number; filter?: Filter | string; collapse?: boolean; floor?: boolean; include_unavailable?: boolean; include?: "evidence"[] }, options?: RequestOptions): Promise<SearchResponse>;

  /** Tell what shoppers did. Views, clicks, carts, purchases and searches, up to 1,000 in any order. The next recommendation knows them. */
  addEvents(body: EventsRequest, options?: RequestOptions): Promise<EventsKept>;

  /** Recommendations for a user. What a user may want next, of what is for sale, best first, each with its reason. A user of whom nothing is known is given what many come to, or what is new. */
  recommendations(id: string, query?: { limit?: number; filter?: Filter | string; again?: boolean; diversity?: number }, options?: RequestOptions): Promise<RecommendationsResponse>;

  /** Recommendations for a session. As for a user, by what is sent alone. Nothing of it is kept. */
  recommendationsFor(body: RecommendationsRequest, options?: RequestOptions): Promise<RecommendationsResponse>;

  /** What is bought together. What shoppers bought in one visit with a stored product, first what they did much more often than chance has it. Of a product that nobody bought with another there is nothing. */
  boughtTogether(id: string, query?: { limit?: number }, options?: RequestOptions): Promise<CompanionsResponse>;

  /** What is known of a user. Everything that is kept of a user, the newest first. It needs a key that may write, as it is of a person. */
  userEvents(id: string, query?: { limit?: number; after?: string }, options?: RequestOptions): Promise<EventsResponse>;

  /** Forget a user. Have everything as if the user had never come: events, and what they added to any count. Within minutes nothing of it is left on disk. */
  forgetUser(id: string, options?: RequestOptions): Promise<void>;

  /** Keep reviews of a product. Keep reviews, or replace those that have these ids. What is kept already is not read again, so a request may come twice. */
  addReviews(id: string, body: ReviewsRequest, options?: RequestOptions): Promise<ReviewsKept>;

  /** Reviews of a product. The reviews, the last that came first. With an aspect those that name it, and the sentiment is that of a sentence that does; without one it is that of the whole review. */
  reviews(id: string, query?: { aspect?: string; sentiment?: "" | "positive" | "negative" | "neutral"; limit?: number; offset?: number }, options?: RequestOptions): Promise<ReviewsResponse>;

  /** Forget a review. Forget one review. All reviews of a product go with `DELETE /v1/products/{id}?erase=true`. */
  deleteReview(id: string, query?: { review?: string }, options?: RequestOptions): Promise<void>;

  /** What reviews say of a product. How many reviews name each aspect, and how many speak well or badly of it, with sentences that do. Every sentence that a count counts is in `GET /v1/products/{id}/reviews?aspect=…`. */
  reviewSummary(id: string, query?: { sentences?: number; limit?: number }, options?: RequestOptions): Promise<ReviewSummary>;

  /** What a product may cost. An interval from the prices of the stored products that are nearest, which it shows. Nothing is stored. The first question of a currency takes some seconds, as the coverage is measured on the stored prices. */
  suggestPrice(body: PriceRequest, options?: RequestOptions): Promise<PriceOut>;

  /** What a stored product may cost. As /v1/price, in the currency of its own price, which does not count. */
  getProductPrice(id: string, query?: { coverage?: number }, options?: RequestOptions): Promise<PriceOut>;

  /** A listing's texts for a product that is not stored. Title, description, bullet points and a short advertisement within a channel's limits, from the words of the request and from what the model is sure of (`auto`). Nothing is stored, and nothing is said that neither shows. With `style` the description may be in other words, of which each is checked. */
  writeDraft(body: DraftRequest, options?: RequestOptions): Promise<DraftOut>;

  /** A listing's texts for a stored product. As /v1/drafts, from the stored fields, from what people confirmed, and from what the model is sure of. Nothing is stored. */
  writeProductDraft(id: string, body: DraftOptions, options?: RequestOptions): Promise<DraftOut>;

  /** Ask about the catalogue. What the products that are most like the question, or documents about them or the shop, say in answer to it: word for word, or that nothing does. Of products, those that the filter leaves are asked. */
  askCatalogue(body: CatalogueAskRequest, options?: RequestOptions): Promise<AskResponse>;

  /** Ask about a product. What a stored product's attributes, its words, documents about it, or its newest reviews say in answer to a question: word for word, or that nothing does. */
  askProduct(id: string, body: AskRequest, options?: RequestOptions): Promise<AskResponse>;

  /** The graph of the catalogue. Edges between products, values, categories and documents that fit a pattern, each with its evidence. */
  listEdges(query?: { subject?: string; predicate?: string; object?: string; after?: string; limit?: number }, options?: RequestOptions): Promise<EdgesResponse>;

  /** What is known of a product. All edges from a product, each with its evidence, and the product as schema.org/Product. */
  getProductKnowledge(id: string, options?: RequestOptions): Promise<ProductKnowledge>;

  /** Weekly demand and reorder points. Each product by the method that would have been best for its own history; a new one from the recent weeks of the products of the request that are nearest to it by their stored embeddings. Nothing is stored. */
  forecastDemand(body: DemandRequest, options?: RequestOptions): Promise<DemandResponse>;

  /** A kept image of a product. A kept image of a product, at most 320 pixels on its longer side. */
  image(id: string, query?: { n?: number }, options?: RequestOptions): Promise<Blob>;

  /** A stored product. A stored product and what the model made of it. */
  getProduct(id: string, query?: { include?: "" | "embedding" }, options?: RequestOptions): Promise<ProductOut>;

  /** Store a product. Store a product, or replace it. Equal words and images are not read by the model again. */
  putProduct(id: string, body: ProductIn, options?: RequestOptions): Promise<ProductOut>;

  /** Change a product. Change some fields. The model reads the product again only where its words or images change. */
  patchProduct(id: string, body: ProductChange, options?: RequestOptions): Promise<ProductOut>;

  /** Forget a product. Forget a product and its images. */
  deleteProduct(id: string, query?: { erase?: boolean }, options?: RequestOptions): Promise<void>;

  /** What messages are about. For each message the intent of the examples that are nearest to it: order_status, delivery, return, refund, size_fit, defect, price, availability, product_question or praise; `unknown` where none is near enough. With the setting `intent_model` the labels are those that it was taught. */
  intents(body: IntentsRequest, options?: RequestOptions): Promise<IntentsResponse>;

  /** The catalogue as a file. All stored products with what the model made of them, in an order that means nothing. It is sent as it is read, so it may be of any size. Of what is stored meanwhile, some may be missing. What goes wrong in the middle breaks the connection. */
  export(query?: { format?: "parquet" | "jsonl" | "csv"; embeddings?: boolean | null }, options?: RequestOptions): Promise<ReadableStream<Uint8Array>>;

  /** Keep a document. Keep a document whose sentences answer questions. It takes the place of one of the same name about the same. */
  addDocument(body: Binary, query?: { name?: string; scope?: "shop" | "category" | "brand" | "product"; target?: string }, options?: RequestOptions): Promise<DocumentOut>;

  /** The documents. The documents that are kept, in the order in which they came. */
  listDocuments(query?: { after?: number; limit?: number }, options?: RequestOptions): Promise<DocumentsResponse>;

  /** Delete a document. Its sentences answer no question any more. */
  deleteDocument(id: number, options?: RequestOptions): Promise<void>;

  /** Ingest a feed. CSV, TSV, JSON lines, Parquet, or a zip of one of these and its images; sent along, uploaded before, or by its path in the server's folder of feeds. The answer comes at once; the job then tells how far it has come. With a `category`, the feed teaches a model its categories, and nothing of it is stored. */
  submitJob(body: JobRequest | JobForm, options?: RequestOptions & { idempotencyKey?: string | null }): Promise<JobOut>;

  /** The newest jobs. Newest first. Those that ended long ago are forgotten. */
  jobs(query?: { limit?: number }, options?: RequestOptions): Promise<JobsResponse>;

  /** Look at the beginning of a feed. Its columns with their first values, the fields they are read as, and what the first rows become, read as a job reads them. Nothing is stored. What a job would refuse the feed for stands in `error`, beside the columns. */
  previewFeed(body: FeedRequest | PreviewForm, options?: RequestOptions): Promise<PreviewResponse>;

  /** Feeds on the server. The feeds that lie in the server's folder of feeds, for jobs to read by their path. */
  sources(options?: RequestOptions): Promise<SourcesResponse>;

  /** How far a job is. Its state, its rows by what became of them, and when it will be done at the rate so far. */
  job(id: string, options?: RequestOptions): Promise<JobOut>;

  /** Rows that failed. The rows that failed so far, a JSON object a line: `line`, `id`, `code`, `reason`, and `row` as the feed has it. Corrected in `row`, the lines are a feed of their own. As CSV, for a spreadsheet, they have the feed's own columns and `failed_line`, `failed_code` and `failed_reason`; corrected, that is a feed as well. */
  jobErrors(id: string, options?: RequestOptions): AsyncGenerator<FailedRow, void>;

  /** What products lack. What products were stored without so far, such as an image that cannot be read: a JSON object a line, with `line`, `id`, `code` and `reason`. Of each code the first 20,000; the job counts them all. */
  jobWarnings(id: string, options?: RequestOptions): AsyncGenerator<WarnedRow, void>;

  /** Stop a job. What it has stored stays. */
  cancelJob(id: string, options?: RequestOptions): Promise<JobOut>;

  /** Begin an upload. For a feed that is larger than a request may be. Send its parts next, then name the upload in a job. One that nobody goes on with for a day is removed. */
  beginUpload(body: UploadRequest, options?: RequestOptions): Promise<UploadOut>;

  /** Send a part. The next bytes of the file, at most `part_bytes` of them. They are on the disk when the answer comes. A part that was cut off left nothing: where the next one starts is `received` of the upload. */
  appendToUpload(id: string, body: Binary, options: RequestOptions & { uploadOffset: number }): Promise<UploadProgress>;

  /** How far an upload is. How much of an upload is there, to go on with it. */
  getUpload(id: string, options?: RequestOptions): Promise<UploadOut>;

  /** Forget an upload. Remove an upload that no job has taken. */
  deleteUpload(id: string, options?: RequestOptions): Promise<void>;

  /** Say whether the model is right. Accept, correct or reject what is stored of a product. Accepted and corrected ones count as sure, also when they are stored again, also by another model, until their words or images change. What is rejected is the category that the product has now: another one, by another model, is not. A later verdict stands in place of an earlier one. Verdicts of two API keys that contradict each other do not count, and the product waits: whoever judges it next settles it. */
  feedback(body: FeedbackRequest, options?: RequestOptions): Promise<FeedbackOut>;

  /** The verdicts that were given. The last verdict on each product, and each that contradicts it, a JSON object a line. */
  feedbackGiven(query?: { order?: "oldest" | "newest"; limit?: number | null; after?: number; verdict?: "accept" | "reject" | "correct" | null; product_id?: string; group?: number; conflicting?: boolean }, options?: RequestOptions): AsyncGenerator<FeedbackOut, void>;

  /** Judge several products. Up to 100 verdicts. One that cannot be kept has its error in its result, and the others are kept. */
  feedbackOnSeveral(body: FeedbackBatch, options?: RequestOptions): Promise<FeedbackResponse>;

  /** Judge a product and those alike. One verdict for a product and for others that are the same to a person: those that are named, or up to 1,000 that wait and are nearly the same. They are one group, which `DELETE /v1/feedback/{id}?group=true` takes back as a whole. The result of the product itself comes first. */
  feedbackOnAlike(body: AlikeRequest, options?: RequestOptions): Promise<FeedbackResponse>;

  /** Take a verdict back. The product then has the verdict before it, or else the model's own answer again, and waits for a person again if the model is not sure of it. */
  takeBack(id: number, query?: { group?: boolean }, options?: RequestOptions): Promise<void>;

  /** Categories that the tree lacks. The categories that people proposed, with how many products each was proposed for. */
  proposedCategories(options?: RequestOptions): Promise<ProposalsResponse>;

  /** Feedback as training data. Accepted and corrected products as a zip: `manifest.jsonl`, split for training, and images, which `shelflens train` reads once unpacked; `proposed.jsonl`, those of a category that the tree lacks; `README.txt`, with what was left out. */
  trainingSet(options?: RequestOptions): Promise<ReadableStream<Uint8Array>>;

  /** What waits for a person. Stored products of low confidence on which nobody has given a verdict. */
  review(query?: { limit?: number; after?: string; order?: "stored" | "least_sure" | "surest" | "informative"; decision?: "review" | "abstain" | null; category?: string; text?: string }, options?: RequestOptions): Promise<ReviewResponse>;

  /** What waits and is like a product. Products that wait for a person and are nearly the same as a stored one, to be judged with it. */
  alike(id: string, query?: { above?: number; limit?: number }, options?: RequestOptions): Promise<AlikeResponse>;

  /** How healthy the catalogue is. The audits so far, with how many faults each has found, and what was said of the last one's. */
  audits(options?: RequestOptions): Promise<AuditsResponse>;

  /** Look for faults. Look through all stored products, as a job. Its findings stand in place of the last audit's once it is complete; what was said of a finding is remembered as long as the catalogue says the same. Where an audit is under way, that one is told of. */
  audit(options?: RequestOptions): Promise<JobOut>;

  /** What was found. Findings of the last audit, the gravest first. */
  findings(query?: { state?: "open" | "accepted" | "corrected" | "dismissed" | "all"; code?: string; product?: string; after?: number; limit?: number }, options?: RequestOptions): Promise<FindingsResponse>;

  /** Say what to do about a finding. Accept it, correct it, or dismiss it, in place of what was said before. The stored product stays as it is: what is accepted or corrected is in the patch of the feed. */
  judgeFinding(id: string, body: FindingVerdict, options?: RequestOptions): Promise<FindingOut>;

  /** Take back what was said of it. The finding then waits again. */
  reopenFinding(id: string, options?: RequestOptions): Promise<void>;

  /** The corrections as a feed. What was accepted or corrected in all audits so far, as CSV: a row for each product, with its id and what changes. `shelflens audit --patch FILE --feed FEED` writes the same in the feed's own columns. */
  corrections(options?: RequestOptions): Promise<string>;

  /** A feed with the corrections in it. The feed again (CSV, TSV, JSON Lines), with what was accepted or corrected in all audits so far in the rows of these products, and all else byte for byte as it is. A column that is new stands behind the others. The header `X-Corrected-Products` says how many products were changed, `X-Corrections-Left-Out` how many values could not be written, by the reason: `no_row=1, encoding=2`. Nothing of the feed is kept. */
  correctedFeed(body: FeedRequest | FeedForm, options?: RequestOptions): Promise<Blob>;

  /** The loaded models. The loaded models, the active one first, and those that were taught from them. */
  models(options?: RequestOptions): Promise<ModelsResponse>;

  /** Learn from verdicts. Teach the active model what people said since it was taught, as a job. The model that comes of it is compared with the active one (`taught.comparison` of the job), and can be activated. */
  learn(options?: RequestOptions): Promise<JobOut>;

  /** What the shadow model would have answered. How the shadow's answers differ from the active model's on what was analyzed since both were loaded. */
  comparison(options?: RequestOptions): Promise<ComparisonResponse>;

  /** Switch to another model. Let this model answer from now on, also after a restart; of two loaded ones the other becomes its shadow. A model that was taught from the one that made the index files the stored products anew from their vectors, which goes on after this returns (`refiling`). Activating the former one reverts that, also if it was not taught: what it says of a product is kept with the product. Otherwise stored products and searches stay with the model that made the index. */
  activate(id: string, options?: RequestOptions): Promise<ModelsResponse>;

  /** Forget a taught model. Remove a model that was taught here and is not active. */
  forgetModel(id: string, options?: RequestOptions): Promise<void>;

  /** The category tree. The category tree and the vocabularies of the active model, in English and Chinese. Gzipped for those who accept it: the tree of every department is a megabyte. */
  taxonomy(options?: RequestOptions): Promise<TaxonomyResponse>;

  /** Add a category. A category more in the tree of the active model, which was taught, from the next request on. Its products wait for a person (`review`), as nothing is known of how often it is right. What is said of the others stays as it is. The model as it was can be activated again. */
  addCategory(body: CategoryRequest, options?: RequestOptions): Promise<CategoryAdded>;

  /** The map to Google's categories. The active model's categories with the likeliest of Google's, the least sure first, and what was confirmed. They are compared once, in the background: until then `ready` is false. */
  categoryMap(query?: { to?: "google"; state?: "open" | "confirmed" | "all"; text?: string; after?: number; limit?: number }, options?: RequestOptions): Promise<CategoryMapResponse>;

  /** Confirm a category's counterpart. Say which category of Google's one of the active model's is, or that it is none of them. A later one stands in place of an earlier one. It goes before what the tree itself says wherever `google_product_category` is filled, also for the categories below that have nothing of their own. */
  confirmCategory(body: ConfirmationRequest, options?: RequestOptions): Promise<ConfirmedOut>;

  /** What was confirmed. What people confirmed last of each category, newest first, of all models' trees. */
  confirmedCategories(query?: { to?: "google" }, options?: RequestOptions): Promise<ConfirmationsResponse>;

  /** Take a confirmation back. What was confirmed of the category before it then counts, if anything was. */
  takeConfirmationBack(id: number, options?: RequestOptions): Promise<void>;

  /** The map as a sheet. The whole map as `shelflens taxonomy map` writes it and `shelflens export --confirmed` reads it. */
  categorySheet(query?: { to?: "google" }, options?: RequestOptions): Promise<string>;

  /** Google's list of categories. Google's categories as they were sent. Gzipped for those who accept it. */
  categoryList(query?: { to?: "google" }, options?: RequestOptions): Promise<TaxonomyResponse>;

  /** Send Google's list. Keep Google's list of categories, which is to be saved from Google first, in place of the one before. What was confirmed stays. */
  putCategoryList(body: Binary, query?: { to?: "google" }, options?: RequestOptions): Promise<CategoryList>;

  /** Whether the process lives. The process lives; whether it can answer is what /readyz says. */
  health(options?: RequestOptions): Promise<Health>;

  /** Whether it can answer. With 200 the model and the index answer now, with 503 they do not. Whatever `damaged` names is not served. */
  ready(options?: RequestOptions): Promise<Ready>;

  /** Metrics for Prometheus. Models, index, jobs and requests in numbers. Where API keys are needed this needs one, too; one of the scope "read" will do. */
  metrics(options?: RequestOptions): Promise<string>;
}
