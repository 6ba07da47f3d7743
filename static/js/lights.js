// Runs before first paint so that a chosen light never flashes.
(() => {
  try {
    const lights = localStorage.getItem("lights");
    if (lights === "on" || lights === "off") document.documentElement.dataset.lights = lights;
  } catch {
    // Storage may be forbidden; then the system's preference holds.
  }
})();
