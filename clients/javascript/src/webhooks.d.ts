interface Event<Type extends string, Data> {
  /** The same whenever an event is sent again: take each once. */
  id: string;
  type: Type;
  timestamp: string;
  data: Data;
}

export type WebhookEvent =
  | Event<"job.ended", { id: string; state: "complete" | "failed" | "cancelled"; source: string; error: string | null }>
  | Event<"products.contradict_themselves", { products: { id: string; codes: string[] }[] }>
  | Event<
      "promise.ended",
      { model: string; read: string; about: string; nodes: string[]; wrong: number; products: number }
    >;

/**
 * The event of a webhook request. Throws WebhookInvalid.
 *
 * body: the request's body as it came. headers: a Headers, or an object with names in lower case. secret: the content
 * of the service's secret file. now: seconds since 1970.
 */
export declare function verifyWebhook(
  body: string | ArrayBuffer | Uint8Array,
  headers: { get(name: string): string | null } | Record<string, string | string[] | undefined>,
  secret: string,
  options?: { toleranceSeconds?: number; now?: number },
): Promise<WebhookEvent>;
