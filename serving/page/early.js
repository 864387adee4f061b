// Runs before the first paint, so that neither the colours nor the language change under the reader's eyes.
(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem("shelflens." + name);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const root = document.documentElement;
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const language = kept("language") ?? (/^zh\b/i.test(navigator.language) ? "zh" : "en");
  root.lang = language === "zh" ? "zh-CN" : "en";
  // The words come with the scripts, not after them.
  const words = document.createElement("link");
  words.rel = "modulepreload";
  words.href = `page/words-${language === "zh" ? "zh" : "en"}.js`;
  document.head.append(words);
})();
