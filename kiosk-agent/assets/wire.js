// The line to the core: screens come, presses go.

export class Wire {
  constructor(secret) {
    this.secret = secret;
    this.headers = { Authorization: `Bearer ${secret}` };
    /** Presses go one after the other, in their order. */
    this.sending = Promise.resolve();
  }

  /** Sends a press on the screen of this serial. */
  press(serial, intent, value) {
    const body = JSON.stringify({ serial, intent, value });
    const headers = { ...this.headers, "Content-Type": "application/json" };
    this.sending = this.sending.then(() => fetch("/press", { method: "POST", headers, body })).catch(() => {});
  }

  /**
   * Shows the screens as they come, until no more do. Server-sent events, read by hand: an EventSource cannot carry the secret but in
   * its address.
   */
  async follow(show) {
    const response = await fetch("/screens", { headers: this.headers });
    if (!response.ok) throw new Error("not let in");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let received = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (received + value).split("\n\n");
      received = events.pop();
      // Only the last counts.
      const last = events.at(-1);
      if (last) show(JSON.parse(last.slice("data: ".length)));
    }
  }
}
