// docker-compose.yml and its local override: valid by the official schema, complete, and as careful as they claim to be.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { QUEUES, SEARCH } from '../../workflows/messages.ts';
import { BASE, envFile, LOCAL, load, type Model, ROOT, read, type Service, variables } from './model.ts';

const LOCAL_ENV = 'deploy/compose/local.env';
const EXAMPLE = 'deploy/compose/production.env.example';

const local = envFile(LOCAL_ENV);
/** What an operator would fill in: a value of our own for everything the example leaves empty. */
const production = Object.fromEntries(Object.keys(envFile(EXAMPLE)).map((name) => [name, `given-${name.toLowerCase()}`]));

const models: Record<string, Model> = {
  'docker-compose.yml': load([BASE], production),
  'docker-compose.yml with deploy/compose/local.yml': load([BASE, LOCAL], local),
};
const base = models['docker-compose.yml']!;
const merged = models['docker-compose.yml with deploy/compose/local.yml']!;

const services = (model: Model) => Object.entries(model.services);
/** The processes config.ts is read by. */
const ours = (model: Model) => services(model).filter(([name]) => name === 'gateway' || name.startsWith('worker-'));
const oneShot = (service: Service) => service.restart?.startsWith('on-failure') ?? false;

// Draft 2020-12, which a default Ajv does not speak. Strict mode would complain of the schema's own style, not of our files.
const ajv = new Ajv2020.default({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/); // Compose's, not ISO 8601's
const valid = ajv.compile(JSON.parse(read('test/deploy/compose-spec.json')));

describe.each(Object.entries(models))('%s', (_, model) => {
  it('is valid by the Compose Specification', () => {
    valid(model);
    expect(valid.errors ?? []).toEqual([]);
  });

  it('would not be, with a word the specification does not know', () => {
    expect(valid({ ...model, services: { gateway: { ...model.services.gateway, restarts: 'always' } } })).toBe(false);
  });

  it('names only networks, volumes, services and files that are there', () => {
    for (const [name, service] of services(model)) {
      for (const network of service.networks ?? []) expect(Object.keys(model.networks), `${name}: network`).toContain(network);
      for (const needed of Object.keys(service.depends_on ?? {}))
        expect(Object.keys(model.services), `${name}: depends_on`).toContain(needed);
      for (const [from = ''] of (service.volumes ?? []).map((v) => v.split(':'))) {
        if (from.startsWith('./')) expect(existsSync(join(ROOT, from)), `${name}: ${from}`).toBe(true);
        else expect(Object.keys(model.volumes), `${name}: volume`).toContain(from);
      }
    }
  });

  it('waits for one-shot jobs to have succeeded, and only for them', () => {
    for (const [name, service] of services(model))
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {}))
        expect(condition === 'service_completed_successfully', `${name} waits for ${needed}`).toBe(oneShot(model.services[needed]!));
  });

  it('runs exactly one worker service for each queue', () => {
    const served = ours(model)
      .filter(([name]) => name.startsWith('worker-'))
      .map(([, { command }]) => command![command!.indexOf('--queues') + 1]);
    expect(served.sort()).toEqual([...QUEUES].sort());
  });

  it('gives our processes only settings that config.ts knows', () => {
    const known = [...read('config.ts').matchAll(/^ {2}([A-Z_]+): /gm)].map((m) => m[1]);
    for (const [name, { environment = {} }] of ours(model))
      expect(
        Object.keys(environment).filter((key) => !known.includes(key)),
        name,
      ).toEqual([]);
  });

  it('uses no deprecated auto-setup image, and none without a fixed version', () => {
    for (const [name, { image }] of services(model)) {
      expect(image, name).not.toContain('auto-setup');
      // "latest" of our own image is what this very file builds.
      if (!image!.startsWith('billetter')) expect(image, name).toMatch(/:v?\d+\.\d+/);
    }
    const versionOf = (name: string) => /:(\d+\.\d+\.\d+)/.exec(model.services[name]!.image!)![1];
    expect(versionOf('temporal')).toMatch(/^1\.29\./);
    expect(versionOf('temporal-schema')).toBe(versionOf('temporal'));
    expect(versionOf('temporal-namespace')).toBe(versionOf('temporal'));
    expect(model.services.postgres!.image).toMatch(/^postgres:18\./);
    expect(model.services.postgres!.volumes).toContain('postgres:/var/lib/postgresql');
  });

  it('restarts, limits and watches what runs for ever', () => {
    for (const [name, service] of services(model)) {
      expect(service.security_opt, name).toContain('no-new-privileges:true');
      if (oneShot(service)) continue;
      expect(service.restart, name).toBe('unless-stopped');
      if (['stripe', 'paygate', 'catcher', 'event-provider'].includes(name)) continue; // tools of the local override
      expect(service.deploy?.resources.limits, name).toMatchObject({ cpus: expect.any(String), memory: expect.any(String) });
      if (name !== 'mail') expect(service.healthcheck?.test, `${name}: health`).toBeDefined(); // mailpit's image brings its own
    }
  });

  it('runs our processes read-only, without capabilities, watched through /readyz', () => {
    for (const [name, service] of ours(model)) {
      expect(service, name).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.healthcheck!.test!.join(' '), name).toContain('/readyz');
    }
  });

  it('publishes nothing but on loopback, and neither PostgreSQL nor Temporal itself', () => {
    for (const [name, service] of services(model))
      for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const name of ['postgres', 'temporal', 'worker-orders']) {
      expect(model.services[name]!.ports, name).toBeUndefined();
      expect(model.services[name]!.networks, name).toEqual(['back']);
    }
    expect(model.networks.back).toEqual({ internal: true });
  });

  it('builds each image once, from a stage the Dockerfile has', () => {
    const built = services(model).filter(([, s]) => s.build);
    expect(new Set(built.map(([, s]) => s.image)).size).toBe(built.length);
    for (const [, { build }] of built) expect(read(build!.dockerfile)).toMatch(new RegExp(`^FROM .* AS ${build!.target}$`, 'm'));
    for (const [name, { image }] of services(model))
      if (image!.startsWith('billetter'))
        expect(
          built.some(([, s]) => s.image === image),
          name,
        ).toBe(true);
  });
});

describe('docker-compose.yml in production', () => {
  const secrets = /(?<!PAYGATE_)PASSWORD|SECRET|(?<!EVENT_PROVIDER|PAYGATE)_URL$|PUBLISHABLE|MAIL_FROM/;

  it('starts nothing without its secrets: each is required, none has a default', () => {
    for (const { name, kind } of variables(read(BASE))) expect(kind, name).toBe(secrets.test(name) ? ':?' : ':-');
    for (const name of Object.keys(production)) {
      const { [name]: _, ...rest } = production;
      expect(() => load([BASE], rest), name).toThrow(`required variable ${name} is missing`);
    }
  });

  it('holds no secret itself: every setting that is one comes from a variable', () => {
    for (const [name, service] of Object.entries(parse(read(BASE), { merge: true }).services as Model['services']))
      for (const [key, value] of Object.entries(service.environment ?? {}))
        if (/PASSWORD|PWD|SECRET|TOKEN$/.test(key)) expect(value, `${name}.${key}`).toMatch(/^\$\{[A-Z_]+:(\?.*|-)\}$/);
  });

  it('runs our processes as production, on real payments', () => {
    for (const [name, { environment }] of ours(base)) {
      expect(environment, name).toMatchObject({ NODE_ENV: 'production', STRIPE_SECRET_KEY: production.STRIPE_SECRET_KEY });
      expect(environment, name).not.toHaveProperty('STRIPE_STANDIN_URL');
      expect(environment, name).not.toHaveProperty('TEST_ENDPOINTS');
    }
  });

  it('has an example that names every variable: the required ones empty, the others with their default', () => {
    const text = read(EXAMPLE);
    for (const { name, kind } of variables(read(BASE)))
      expect(text, name).toMatch(kind === ':?' ? new RegExp(`^${name}=$`, 'm') : new RegExp(`^#${name}=`, 'm'));
    for (const [, name, value] of text.matchAll(/^#([A-Z_]+)=(.*)$/gm)) expect(read(BASE)).toContain(`\${${name}:-${value}}`);
  });

  it('catches mail only where asked to, and seeds no demo data', () => {
    expect(base.services.mail!.profiles).toEqual(['mail']);
    expect(JSON.stringify(base)).not.toContain('seed');
  });
});

describe('deploy/compose/local.yml', () => {
  it('gets everything it needs from local.env', () => {
    for (const file of [BASE, LOCAL])
      for (const { name, kind } of variables(read(file))) if (kind === ':?') expect(local, name).toHaveProperty(name);
  });

  it('pays through the stand-in, which every process finds', () => {
    for (const [name, { environment }] of ours(merged)) {
      expect(environment, name).toMatchObject({ NODE_ENV: 'development', STRIPE_SECRET_KEY: '' });
      expect(environment!.STRIPE_STANDIN_URL, name).toBe(name === 'gateway' ? 'http://localhost:12111' : 'http://gateway:12111');
      expect(environment!.PAYGATE_URL, name).toBe(name === 'gateway' ? 'http://localhost:12113' : 'http://gateway:12113');
    }
  });

  it('gives its tools only settings they know, and sends mail and texts where they are caught', () => {
    for (const [name, main] of Object.entries({
      stripe: 'standins/stripe/main.ts',
      catcher: 'standins/mail/main.ts',
      'event-provider': 'standins/event-provider/main.ts',
      paygate: 'standins/paygate/main.ts',
    }))
      for (const key of Object.keys(merged.services[name]!.environment!)) expect(read(main), key).toContain(`env.${key}`);
    for (const [name, { environment }] of ours(merged))
      expect(environment, name).toMatchObject({ SMTP_URL: 'smtp://catcher:1025', TWILIO_API_URL: 'http://catcher:1080' });
  });
});

describe('the jobs before Temporal', () => {
  const script = (name: string) => read(`deploy/compose/${name}`);

  it('are scripts that may be executed', () => {
    for (const name of ['postgres-init.sh', 'temporal-schema.sh', 'temporal-namespace.sh'])
      expect(statSync(join(ROOT, 'deploy/compose', name)).mode & 0o111, name).not.toBe(0);
  });

  it('make both schemas, the namespace and every search attribute the workflows set', () => {
    expect(script('temporal-schema.sh')).toMatch(/temporal:temporal temporal_visibility:visibility/);
    expect(script('temporal-namespace.sh')).toContain('temporal operator namespace create');
    const names = /for name in ([\w ]+); do/.exec(script('temporal-namespace.sh'))![1]!.split(' ');
    expect(names.sort()).toEqual(
      Object.values(SEARCH)
        .map((key) => key.name)
        .sort(),
    );
  });

  it('give PostgreSQL the databases the services connect to', () => {
    const init = script('postgres-init.sh');
    for (const name of ['billetter', 'temporal', 'temporal_visibility']) expect(init).toContain(`create database ${name} owner`);
    expect(base.services.temporal!.environment).toMatchObject({ DBNAME: 'temporal', VISIBILITY_DBNAME: 'temporal_visibility' });
    expect(base.services.gateway!.environment!.DATABASE_URL).toMatch(/^postgres:\/\/billetter:.*@postgres:5432\/billetter$/);
  });

  it('leave a dynamic configuration Temporal can read: lists of values', () => {
    const dynamic = parse(script('temporal-dynamic.yaml')) as Record<string, { value: unknown }[]>;
    expect(Object.keys(dynamic).length).toBeGreaterThan(0);
    for (const [key, values] of Object.entries(dynamic)) expect(values, key).toEqual([{ value: expect.anything() }]);
  });
});
