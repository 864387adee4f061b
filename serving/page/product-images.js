// The kept images of stored products. They need the key, so they are fetched and shown as blobs.
import { request } from "./api.js";
import { icon, make } from "./dom.js";

const MAX_KEPT = 300; // images kept in memory, of some 20 kB each
const addresses = new Map();

/** The image as a blob. Raises ApiError or AbortError. */
export function fetchImage(id, number = 0, signal) {
  return request(`v1/products/${encodeURIComponent(id)}/image?n=${number}`, { as: "blob", signal });
}

/** A stored product as the service answers it. Raises ApiError or AbortError. */
export function fetchProduct(id, signal) {
  return request(`v1/products/${encodeURIComponent(id)}`, { signal });
}

/** An address for an <img>. Raises ApiError or AbortError. */
export async function addressOf(id, number, signal) {
  const name = `${number}/${id}`;
  if (addresses.has(name)) return addresses.get(name);
  const address = URL.createObjectURL(await fetchImage(id, number, signal));
  addresses.set(name, address);
  if (addresses.size > MAX_KEPT) {
    const [oldest, old] = addresses.entries().next().value;
    addresses.delete(oldest);
    URL.revokeObjectURL(old);
  }
  return address;
}

/** A square that keeps its place while the image is on its way, and asks for it once it is near the window. */
export function productImage(product, { number = 0, alt = "", signal } = {}) {
  const frame = make("div", { class: "image" });
  if (product.images <= number) {
    frame.append(icon("image"));
    return frame;
  }
  const watcher = new IntersectionObserver(
    async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      try {
        frame.replaceChildren(make("img", { src: await addressOf(product.id, number, signal), alt }));
      } catch (error) {
        if (error.name !== "AbortError") frame.replaceChildren(icon("image"));
      }
    },
    { rootMargin: "300px" },
  );
  watcher.observe(frame);
  signal?.addEventListener("abort", () => watcher.disconnect());
  return frame;
}
