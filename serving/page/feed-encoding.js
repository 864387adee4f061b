// The encoding of a feed's text, where the service cannot tell it or takes another.
import { make } from "./dom.js";
import { t } from "./language.js";

// By the names that the service gives them, with those by which they are better known.
const ENCODINGS = {
  "utf-8": "",
  "utf-16": "",
  "windows-1252": "",
  "iso-8859-15": "",
  "macintosh": "",
  "windows-1250": "",
  "iso-8859-2": "",
  "windows-1251": "",
  "koi8-r": "",
  "windows-1253": "",
  "windows-1254": "",
  "windows-1255": "",
  "windows-1256": "",
  "windows-1257": "",
  "cp874": "TIS-620",
  "cp932": "Shift_JIS",
  "euc-jp": "",
  "gb18030": "GBK, GB2312",
  "cp950": "Big5",
  "cp949": "EUC-KR",
};

/** changed(): called when the reader has chosen another, which the feed then has. */
export function encodingField(feed, changed) {
  const shown = Object.entries(ENCODINGS).map(([name, other]) => [name, other ? `${name} (${other})` : name]);
  const select = make(
    "select",
    {},
    [["", t("feed.encoding_recognised")], ...shown].map(([value, text]) =>
      make("option", { value, selected: value === feed.encoding }, text),
    ),
  );
  select.addEventListener("change", () => {
    feed.encoding = select.value;
    changed();
  });
  return make("label", { class: "encoding" }, make("span", {}, t("feed.encoding")), select);
}
