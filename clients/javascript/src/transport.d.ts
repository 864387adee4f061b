/** Bytes; a File is a Blob, Node's Buffer is a Uint8Array. */
export type Binary = Blob | ArrayBuffer | Uint8Array;

/** Bytes, or a data URI. */
export type Image = string | Binary;

export interface Retries {
  /** How often a request is sent again after 429, 503 or a broken connection: 3. */
  limit?: number;
  /** The wait before the first of them, doubled for each further one; Retry-After can make it longer: 0.5. */
  waitSeconds?: number;
  /** A retry with a longer wait is not made: 30. */
  longestSeconds?: number;
}

export interface ClientOptions {
  /** By default, in Node, the value of SHELFLENS_API_KEY. */
  apiKey?: string;
  /** Of each attempt; of a stream, until its answer begins: 60. */
  timeoutSeconds?: number;
  retries?: Retries;
  /** In place of the global one, for tests and proxies. */
  fetch?: typeof fetch;
}

export interface RequestOptions {
  signal?: AbortSignal;
  timeoutSeconds?: number;
  headers?: Record<string, string>;
}
