// A look-alike of Stripe.js for the stand-in, served at /v3/: the card goes from the page straight to the stand-in, never through the shop.
(() => {
  const home = new URL(document.currentScript.src).origin;

  async function call(key, method, path, params) {
    const body = new URLSearchParams(params);
    const url = method === 'GET' ? `${home}${path}?${body}` : `${home}${path}`;
    try {
      const answer = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${key}` },
        ...(method === 'POST' && { body }),
      });
      return await answer.json();
    } catch {
      return { error: { type: 'api_connection_error', message: 'We could not reach the payment service. Please try again.' } };
    }
  }

  const css = `
    :host { display: block; font: 16px/1.4 system-ui, sans-serif; color: #1a1f36; }
    form { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; margin: 0; }
    label { display: grid; gap: 4px; font-size: 14px; } label:first-child { grid-column: 1 / -1; }
    input { font: inherit; font-size: 16px; padding: 10px 12px; border: 1px solid #d5dbe3; border-radius: 6px; background: #fff; color: inherit; min-width: 0; }
    input:focus { outline: 2px solid #635bff; outline-offset: 1px; }
    p { grid-column: 1 / -1; margin: 0; font-size: 13px; color: #697386; }
  `;

  const fields = [
    { name: 'number', label: 'Card number', value: '4242 4242 4242 4242', autocomplete: 'cc-number' },
    {
      name: 'expiry',
      label: 'Expires (MM / YY)',
      value: `12 / ${String((new Date().getFullYear() + 3) % 100).padStart(2, '0')}`,
      autocomplete: 'cc-exp',
    },
    { name: 'cvc', label: 'Security code', value: '123', autocomplete: 'cc-csc' },
  ];

  function paymentElement() {
    const host = document.createElement('div');
    const inputs = {};
    const listeners = {};
    const tell = (event, detail) => {
      for (const listener of listeners[event] ?? []) listener({ elementType: 'payment', ...detail });
    };
    const complete = () => Object.values(inputs).every((input) => input.value.trim() !== '');
    const build = () => {
      // Closed, as the real one's frame is: the page's own scripts do not see the fields.
      const root = host.attachShadow({ mode: 'closed' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
      const form = document.createElement('form');
      form.addEventListener('submit', (event) => event.preventDefault());
      for (const field of fields) {
        const label = document.createElement('label');
        label.textContent = field.label;
        const input = document.createElement('input');
        input.name = field.name;
        input.value = field.value;
        input.inputMode = 'numeric';
        input.autocomplete = field.autocomplete;
        input.addEventListener('input', () =>
          tell('change', { complete: complete(), empty: false, collapsed: false, value: { type: 'card' } }),
        );
        inputs[field.name] = input;
        label.append(input);
        form.append(label);
      }
      const note = document.createElement('p');
      note.textContent = 'Test payment: no real money moves.';
      form.append(note);
      root.append(form);
    };
    return {
      mount(target) {
        const place = typeof target === 'string' ? document.querySelector(target) : target;
        if (!place) throw new Error(`The selector you specified (${target}) applies to no DOM elements.`);
        if (!inputs.number) build();
        place.replaceChildren(host);
        queueMicrotask(() => {
          tell('ready', {});
          tell('change', { complete: complete(), empty: false, collapsed: false, value: { type: 'card' } });
        });
      },
      unmount: () => host.remove(),
      destroy: () => host.remove(),
      update() {},
      focus: () => inputs.number?.focus(),
      on(event, listener) {
        listeners[event] = [...(listeners[event] ?? []), listener];
        return this;
      },
      off(event, listener) {
        listeners[event] = (listeners[event] ?? []).filter((one) => one !== listener);
        return this;
      },
      card() {
        if (!inputs.number)
          return { error: { type: 'validation_error', code: 'incomplete_number', message: 'The card form is not shown yet.' } };
        const [month = '', year = ''] = inputs.expiry.value.split('/').map((part) => part.trim());
        const lacking = !inputs.number.value.trim() ? 'number' : !month || !year ? 'expiry' : !inputs.cvc.value.trim() ? 'cvc' : undefined;
        if (lacking)
          return { error: { type: 'validation_error', code: `incomplete_${lacking}`, message: `Your card's ${lacking} is incomplete.` } };
        return {
          card: {
            'payment_method_data[type]': 'card',
            'payment_method_data[card][number]': inputs.number.value.replace(/\D/g, ''),
            'payment_method_data[card][exp_month]': month,
            'payment_method_data[card][exp_year]': year,
            'payment_method_data[card][cvc]': inputs.cvc.value.trim(),
          },
        };
      },
    };
  }

  const intentOf = (clientSecret) => String(clientSecret).split('_secret_')[0];

  window.Stripe = function Stripe(key) {
    if (typeof key !== 'string' || !key.startsWith('pk_')) throw new Error('Stripe() wants a publishable key, pk_...');
    const retrievePaymentIntent = async (clientSecret) => {
      const got = await call(key, 'GET', `/v1/payment_intents/${intentOf(clientSecret)}`, { client_secret: clientSecret });
      return got.error ? { error: got.error } : { paymentIntent: got };
    };
    return {
      elements(options = {}) {
        let payment;
        return {
          clientSecret: options.clientSecret,
          create(type) {
            if (type !== 'payment') throw new Error(`The stand-in has no ${type} element, only payment.`);
            payment = paymentElement();
            return payment;
          },
          getElement: (type) => (type === 'payment' ? (payment ?? null) : null),
          update() {},
          fetchUpdates: async () => ({}),
          submit: async () => {
            const { error } = payment?.card() ?? {};
            return error ? { error } : {};
          },
        };
      },
      async confirmPayment({ elements, clientSecret = elements?.clientSecret, confirmParams = {}, redirect = 'always' }) {
        const { return_url } = confirmParams;
        if (redirect === 'always' && !return_url)
          throw new Error('confirmPayment needs confirmParams.return_url, or redirect: "if_required".');
        const { card, error } = elements?.getElement('payment')?.card() ?? {};
        if (error) return { error };
        const params = { client_secret: clientSecret, ...card, ...(return_url && { return_url }) };
        if (typeof confirmParams.payment_method === 'string') params.payment_method = confirmParams.payment_method;
        const got = await call(key, 'POST', `/v1/payment_intents/${intentOf(clientSecret)}/confirm`, params);
        if (got.error) return { error: got.error };
        if (redirect !== 'always') return { paymentIntent: got };
        const back = new URL(return_url, location.href);
        back.searchParams.set('payment_intent', got.id);
        back.searchParams.set('payment_intent_client_secret', clientSecret);
        back.searchParams.set('redirect_status', got.status === 'processing' ? 'pending' : got.status);
        location.assign(back);
        return new Promise(() => {});
      },
      retrievePaymentIntent,
    };
  };
  window.Stripe.version = 'stand-in';
})();
