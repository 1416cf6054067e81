import type { Chance } from '../random.ts'
import { database, framed, host, jwt, type Kind, password, user, whole, within } from './shapes.ts'

/** A connection text around a password. */
function connected(kind: string, variable: string, make: (c: Chance, secret: string) => string): Kind {
  return within(kind, variable, (c) => {
    const secret = password(c)
    return [make(c, secret), secret]
  })
}

function url(kind: string, variable: string, scheme: string, port: number, domain: string, tail = ''): Kind {
  return connected(kind, variable, (c, secret) => `${scheme}://${user(c)}:${secret}@${host(c, domain)}:${port}/${database(c)}${tail}`)
}

export const DATA: readonly Kind[] = [
  url('Postgres URL', 'DATABASE_URL', 'postgres', 5432, 'eu-central-1.rds.amazonaws.com', '?sslmode=require'),
  url('PostgreSQL URL', 'PG_URL', 'postgresql', 5432, 'internal'),
  url('SQLAlchemy URL', 'SQLALCHEMY_DATABASE_URI', 'postgresql+psycopg2', 5432, 'svc.cluster.local'),
  url('MySQL URL', 'MYSQL_URL', 'mysql', 3306, 'internal'),
  url('PyMySQL URL', 'DB_URI', 'mysql+pymysql', 3306, 'corp.lan', '?charset=utf8mb4'),
  url('MariaDB URL', 'MARIADB_URL', 'mariadb', 3306, 'internal'),
  url('SQL Server URL', 'MSSQL_URL', 'mssql', 1433, 'corp.lan'),
  url('ClickHouse URL', 'CLICKHOUSE_URL', 'clickhouse', 9440, 'clickhouse.cloud', '?secure=true'),
  url('MongoDB URL', 'MONGO_URL', 'mongodb', 27017, 'internal', '?authSource=admin'),
  url('AMQP URL', 'RABBITMQ_URL', 'amqp', 5672, 'svc.cluster.local'),
  url('AMQPS URL', 'CLOUDAMQP_URL', 'amqps', 5671, 'cloudamqp.com'),
  url('Cockroach URL', 'COCKROACH_URL', 'postgresql', 26257, 'aws-eu-west-1.cockroachlabs.cloud', '?sslmode=verify-full'),
  url('NATS URL', 'NATS_URL', 'nats', 4222, 'internal'),
  url('FTP URL', 'FTP_URL', 'ftp', 21, 'partners.lan'),
  url('SFTP URL', 'SFTP_TARGET', 'sftp', 22, 'partners.lan'),
  url('Elasticsearch URL', 'ELASTICSEARCH_URL', 'https', 9243, 'eu-west-1.aws.found.io'),
  connected('MongoDB Atlas URL', 'MONGODB_URI', (c, secret) => {
    return `mongodb+srv://${user(c)}:${secret}@cluster0.${c.run('L', 7)}.mongodb.net/${database(c)}?retryWrites=true&w=majority`
  }),
  connected('Redis URL', 'REDIS_URL', (c, secret) => `redis://:${secret}@${host(c, 'internal')}:6379/0`),
  connected('Redis TLS URL', 'REDIS_TLS_URL', (c, secret) => `rediss://default:${secret}@${host(c, 'upstash.io')}:6379`),
  connected('Neo4j URL', 'NEO4J_URI', (c, secret) => `neo4j+s://neo4j:${secret}@${c.run('H', 8)}.databases.neo4j.io`),
  connected('SMTP URL', 'SMTP_URL', (c, secret) => `smtps://${user(c)}:${secret}@${host(c, 'mail.internal')}:465`),
  connected('Snowflake URL', 'SNOWFLAKE_URL', (c, secret) => {
    return `snowflake://${user(c)}:${secret}@${c.run('l', 7)}-${c.run('l', 2)}${c.digits(5)}/${database(c)}/PUBLIC?warehouse=ETL_WH`
  }),
  connected('Supabase database URL', 'SUPABASE_DB_URL', (c, secret) => {
    return `postgresql://postgres.${c.run('l', 20)}:${secret}@aws-0-eu-central-1.pooler.supabase.com:6543/postgres`
  }),
  framed(
    'Neon database URL',
    'DATABASE_URL',
    'postgresql://neondb_owner:<npg_{A12}>@ep-calm-river-{L8}-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require',
  ),
  framed('PlanetScale database URL', 'DATABASE_URL', 'mysql://{L20}:<pscale_pw_{A43}>@aws.connect.psdb.cloud/orders?sslaccept=strict'),
  framed('Aiven database URL', 'DATABASE_URL', 'postgres://avnadmin:<AVNS_{S19}>@pg-{L8}.aivencloud.com:21699/defaultdb?sslmode=require'),
  connected('JDBC PostgreSQL', 'JDBC_URL', (c, secret) => {
    return `jdbc:postgresql://${host(c, 'internal')}:5432/${database(c)}?user=${user(c)}&password=${secret}&ssl=true`
  }),
  connected('JDBC MySQL', 'SPRING_DATASOURCE_URL', (c, secret) => {
    return `jdbc:mysql://${host(c, 'internal')}:3306/${database(c)}?user=${user(c)}&password=${secret}&useSSL=true`
  }),
  connected('JDBC SQL Server', 'SPRING_DATASOURCE_URL', (c, secret) => {
    return `jdbc:sqlserver://${host(c, 'corp.lan')}:1433;databaseName=${database(c)};user=${user(c)};password=${secret};encrypt=true`
  }),
  connected('ADO.NET connection string', 'ConnectionStrings__Default', (c, secret) => {
    return (
      `Server=tcp:${host(c, 'database.windows.net')},1433;Initial Catalog=` +
      `${database(c)};User ID=${user(c)};Password=${secret};Encrypt=True;`
    )
  }),
  connected('Npgsql connection string', 'ConnectionStrings__Main', (c, secret) => {
    return `Host=${host(c, 'internal')};Port=5432;Database=${database(c)};Username=${user(c)};Password=${secret};Pooling=true`
  }),
  connected('ODBC connection string', 'ODBC_CONN', (c, secret) => {
    return `DRIVER={ODBC Driver 18 for SQL Server};SERVER=${host(c, 'corp.lan')};DATABASE=${database(c)};UID=${user(c)};PWD=${secret}`
  }),
  connected('libpq keywords', 'PG_DSN', (c, secret) => {
    return `host=${host(c, 'internal')} port=5432 dbname=${database(c)} user=${user(c)} password=${secret} sslmode=require`
  }),
  connected(
    'Go MySQL DSN',
    'MYSQL_DSN',
    (c, secret) => `${user(c)}:${secret}@tcp(${host(c, 'internal')}:3306)/${database(c)}?parseTime=true`,
  ),
  framed('credentials in a git URL', 'REPO_URL', 'https://deploy:<{A24}>@git.acme-{l5}.net/platform/billing.git'),
  framed('credentials in a proxy URL', 'HTTPS_PROXY', 'http://egress:<{A14}>@proxy.acme-{l5}.net:3128'),
  whole('PlanetScale token', 'PLANETSCALE_SERVICE_TOKEN', 'pscale_tkn_{A43}'),
  whole('PlanetScale OAuth token', 'PLANETSCALE_ACCESS_TOKEN', 'pscale_oauth_{A43}'),
  whole('Neon key', 'NEON_API_KEY', 'napi_{L64}'),
  whole('Supabase access token', 'SUPABASE_ACCESS_TOKEN', 'sbp_{H40}'),
  whole('Supabase secret key', 'SUPABASE_SECRET_KEY', 'sb_secret_{A22}_{A8}'),
  whole('Supabase service role key', 'SUPABASE_SERVICE_ROLE_KEY', (c) => {
    return jwt(c, 'HS256', {
      iss: 'supabase',
      ref: c.run('l', 20),
      role: 'service_role',
      iat: 1738000000 + c.below(9999999),
      exp: 2053000000,
    })
  }),
  whole('Databricks token', 'DATABRICKS_TOKEN', 'dapi{H32}'),
  whole('Databricks older token', 'DATABRICKS_TOKEN', 'dapi{H32}-2'),
  whole('ClickHouse Cloud key', 'CLICKHOUSE_CLOUD_KEY_SECRET', '4b1d{A38}'),
  whole('MongoDB Atlas service account secret', 'MONGODB_ATLAS_CLIENT_SECRET', 'mdb_sa_sk_{S40}'),
  whole('CockroachDB Cloud key', 'COCKROACH_API_KEY', 'CCDB1_{A22}_{A40}'),
  whole('Astra DB token', 'ASTRA_DB_APPLICATION_TOKEN', 'AstraCS:{a24}:{H64}'),
  whole('JWT with HS256', 'ID_TOKEN', (c) => jwt(c, 'HS256', { sub: c.uuid(), iat: 1760000000 + c.below(9999999), scope: 'orders:write' })),
  whole('JWT with RS256', 'ACCESS_TOKEN', (c) => {
    const claims = {
      iss: `https://login.acme-${c.run('l', 4)}.net/`,
      sub: `auth0|${c.run('H', 24)}`,
      aud: 'https://api.acme.net',
      exp: 1790000000,
    }
    return jwt(c, 'RS256', claims, { kid: c.run('S', 21) })
  }),
  whole('JWT with ES256', 'SESSION_JWT', (c) =>
    jwt(c, 'ES256', { sid: c.run('A', 20), exp: 1781000000 + c.below(999999) }, { kid: c.run('U', 10) }),
  ),
]
