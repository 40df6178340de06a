// What runs in the payment page: the countdown, Stripe's form, and the watch for the outcome. Kept as text: the gateway has no browser build.

/** Plain ES2019; reads its facts from the page's #data element. */
export const PAYMENT_SCRIPT = `
(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($('data').textContent);
  // The hold ends by the server's clock, so the difference to the visitor's clock is subtracted.
  const skew = Date.now() - data.now;
  const left = () => (data.expiresAt === null ? Infinity : data.expiresAt + skew - Date.now());
  const END = {
    confirmed: ['good', '✓', 'Ticket confirmed', 'Your tickets are on their way to your inbox.'],
    processing: ['warn', '…', 'Payment is being processed', 'This page shows the outcome by itself.'],
    expired: ['bad', '×', 'The booking has expired', 'The seats are free again. If money was taken it is sent back by itself.'],
    cancelled: ['bad', '×', 'The booking was cancelled', 'There is nothing to pay.'],
    refunded: ['warn', '↩', 'Your money is on its way back', 'The seats could not be kept for you any more, so the payment is being returned.'],
  };
  let busy = false;
  let paid = false;

  function show(status) {
    const open = status === 'pending' || status === 'failed';
    const end = paid && open ? END.processing : END[status];
    $('pay').hidden = !open || paid;
    $('result').hidden = open && !paid;
    if (!end) return;
    $('mark').className = 'mark ' + end[0];
    $('mark').textContent = end[1];
    $('headline').textContent = end[2];
    $('words').textContent = end[3];
  }

  function tick() {
    const ms = Math.max(0, left());
    const s = Math.floor(ms / 1000);
    $('clock').textContent = ms === Infinity ? '' : String(Math.floor(s / 60)).padStart(2, '0') + ':' + String(s % 60).padStart(2, '0');
    $('clock').className = s < 60 ? 'clock low' : 'clock';
    if (ms === 0 && !busy) $('button').disabled = true;
  }

  async function watch() {
    const final = { confirmed: 1, expired: 1, cancelled: 1, refunded: 1 };
    let since = 0;
    for (let status = data.status; ; ) {
      // A payment made when the hold ended may still become tickets or a refund, so the page asks on for a while.
      if (final[status] && (!paid || status === 'confirmed' || status === 'refunded' || ++since > 30)) return;
      await new Promise((r) => setTimeout(r, paid ? 1000 : 2500));
      try {
        const answer = await fetch(data.statusUrl, { headers: { Accept: 'application/json' } });
        if (answer.ok) {
          const told = (await answer.json()).data;
          status = told.status;
          if (!busy) show(paid && status === 'expired' && since < 10 ? 'processing' : status);
        }
      } catch (e) { /* the network is away: asked again */ }
    }
  }

  function form() {
    if (!data.clientSecret) return;
    if (typeof Stripe !== 'function') {
      $('problem').textContent = 'The card form could not be loaded. Please reload the page.';
      return;
    }
    const stripe = Stripe(data.publishableKey);
    const elements = stripe.elements({ clientSecret: data.clientSecret });
    const element = elements.create('payment');
    if (element.on) element.on('ready', () => { $('button').disabled = false; });
    element.mount('#card');
    setTimeout(() => { if (left() > 0 && !busy) $('button').disabled = false; }, 1500);
    $('form').addEventListener('submit', async (event) => {
      event.preventDefault();
      if (busy || paid) return;
      busy = true;
      $('button').disabled = true;
      $('problem').textContent = '';
      try {
        const result = await stripe.confirmPayment({ elements, confirmParams: { return_url: data.returnUrl }, redirect: 'if_required' });
        if (result.error) $('problem').textContent = result.error.message || 'The payment did not go through.';
        else paid = true;
      } catch (e) {
        $('problem').textContent = 'The payment could not be sent. Please try again.';
      }
      busy = false;
      $('button').disabled = paid || left() <= 0;
      if (paid) show('processing');
    });
  }

  paid = new URLSearchParams(location.search).get('redirect_status') === 'succeeded';
  show(data.status);
  tick();
  setInterval(tick, 500);
  form();
  watch();
})();
`;
