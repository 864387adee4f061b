// Which model answers: the loaded ones, and those that were taught here. Making a former one active reverts a lesson.
import { request } from "./api.js";
import { announce, button, make, show as fill } from "./dom.js";
import { count, moment, t, whole } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { poll } from "./poll.js";

/** only: the version of the one model to show; "" for all. */
export function modelList(signal, only = "") {
  const place = make("div", { "aria-live": "polite" });
  const watch = async () => {
    try {
      await poll(() => request("v1/models", { signal }), draw, ({ refiling }) => refiling, signal);
    } catch (error) {
      if (!stopped(error)) fill(place, errorNotice(error, watch));
    }
  };
  const draw = ({ data, refiling, unlearnt }) => {
    const shown = data.filter(({ id }) => !only || id === only);
    const list = make("ul", { class: "models" }, shown.map((model) => row(model, refiling, change)));
    fill(place, shown.length ? list : make("p", {}, t("models.gone")), !only && unlearnt > 0 && button(count("models.learn", unlearnt), learn, {}, "pencil"));
  };
  const learn = async () => {
    try {
      const job = await request("v1/models", { method: "POST", signal });
      location.hash = `#/jobs/${encodeURIComponent(job.id)}`;
    } catch (error) {
      if (!stopped(error)) fill(place, errorNotice(error, watch));
    }
  };
  const change = async (path, method, said) => {
    try {
      await request(path, { method, signal });
      announce(said);
      await watch();
    } catch (error) {
      if (!stopped(error)) fill(place, errorNotice(error, watch));
    }
  };
  watch();
  return place;
}

function row(model, refiling, change) {
  const { id, role, created } = model;
  const active = role === "active";
  const path = `v1/models/${encodeURIComponent(id)}`;
  const about = created ? t("models.taught_at", { when: moment(new Date(1000 * created).toISOString()) }) : t("models.loaded");
  const filed = active && refiling && t("models.refiling", { done: whole(refiling.done), total: whole(refiling.total) });
  return make(
    "li",
    {},
    make("span", {}, make("code", {}, id), " ", make("span", { class: "soft small" }, about)),
    active && make("span", { class: "badge auto" }, t("models.active")),
    filed && make("span", { class: "small" }, filed),
    !active && button(t("models.activate"), () => change(`${path}/activate`, "POST", t("models.activated", { id })), { class: "plain" }),
    role === "taught" && button(t("models.remove"), () => change(path, "DELETE", t("models.removed", { id })), { class: "plain" }),
  );
}
