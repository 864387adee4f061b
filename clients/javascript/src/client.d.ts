import { Operations } from "./operations.js";
import type {
  FeedForm,
  FeedRequest,
  FindingOut,
  JobForm,
  JobOut,
  JobRequest,
  MapRow,
  PreviewForm,
  PreviewResponse,
  ProductOut,
  SearchFoundProduct,
  SearchRequest,
  UploadOut,
} from "./operations.js";
import type { Binary, ClientOptions, RequestOptions } from "./transport.js";

type Query<Name extends keyof Operations> = Operations[Name] extends (query?: infer Asked, ...rest: never[]) => unknown
  ? NonNullable<Asked>
  : never;
type Named = { filename?: string };

/** A row of an export: all that the index holds of a product. See docs/catalog.md. */
export interface ExportedProduct extends Record<string, unknown> {
  id: string;
  title: string;
  decision: string;
  model: string;
  embedding?: number[];
}

export declare class Client extends Operations {
  /** address: of the service, by default http://127.0.0.1:8000. */
  constructor(address?: string, options?: ClientOptions);

  /**
   * Ingest a feed: `file` (with `filename`, whose end gives the format), `source` or `upload`. A file that is too large
   * for one request is uploaded in parts. The same `idempotencyKey` creates no second job.
   */
  submitJob(
    feed: JobRequest | (JobForm & Named),
    options?: RequestOptions & { idempotencyKey?: string | null },
  ): Promise<JobOut>;

  /** The first rows of a feed and the meaning of its columns. Only the beginning of a large file is sent. */
  previewFeed(feed: FeedRequest | (PreviewForm & Named), options?: RequestOptions): Promise<PreviewResponse>;

  /** A feed with the corrections of the audits in it, and all else byte for byte as it is. */
  correctedFeed(feed: FeedRequest | (FeedForm & Named), options?: RequestOptions): Promise<Blob>;

  /** Upload a feed in parts, for a later job. After a lost connection it goes on where it was. */
  upload(
    file: Binary,
    options?: RequestOptions & Named & { progress?: (upload: UploadOut) => unknown },
  ): Promise<UploadOut>;

  /** Wait until the job has ended. Throws ServiceTimeout after `waitSeconds`, by default never. */
  waitForJob(
    id: string,
    options?: RequestOptions & { progress?: (job: JobOut) => unknown; everySeconds?: number; waitSeconds?: number },
  ): Promise<JobOut>;

  /** The rows that failed so far as CSV, to correct in a spreadsheet and ingest again. */
  jobErrorsSheet(id: string, options?: RequestOptions): Promise<string>;

  /** Every stored product with all that the index holds of it, while the service reads them. */
  exportedProducts(
    query?: { embeddings?: boolean },
    options?: RequestOptions,
  ): AsyncGenerator<ExportedProduct, void>;

  /** Stored products in an order, page after page: the first 10,100. `exportedProducts` has all. */
  allProducts(query?: Query<"listProducts">, options?: RequestOptions): AsyncGenerator<ProductOut, void>;

  /** Search results, page after page. */
  allResults(body: SearchRequest, options?: RequestOptions): AsyncGenerator<SearchFoundProduct, void>;

  /** Products that wait for a person, page after page. */
  allToReview(query?: Query<"review">, options?: RequestOptions): AsyncGenerator<ProductOut, void>;

  /** Findings of the last audit, page after page. */
  allFindings(query?: Query<"findings">, options?: RequestOptions): AsyncGenerator<FindingOut, void>;

  /** The map from the model's categories to others, page after page. */
  allMapped(query?: Query<"categoryMap">, options?: RequestOptions): AsyncGenerator<MapRow, void>;
}
