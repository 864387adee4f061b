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
  // The messages come with the scripts, not after them.
  const messages = document.createElement("link");
  messages.rel = "modulepreload";
  messages.href = `page/messages-${language === "zh" ? "zh" : "en"}.js`;
  document.head.append(messages);
})();
