// require('billetter-api') is the client's class, and has everything else as its properties.
const api = require('./dist/main.js');

module.exports = Object.assign(api.BilletterAPI, api, { default: api.BilletterAPI });
