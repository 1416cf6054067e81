import type { Chance } from '../random.ts'
import { bytes } from './encodings.ts'
import { host, marked, password, type SecretKind, urlPassword, user, word } from './kinds.ts'

const signature = (c: Chance): string => encodeURIComponent(bytes(c, 32).toString('base64'))

const uri = (name: string, scheme: string, end: (c: Chance) => string, named = true): SecretKind =>
  marked(name, 'url', (c) => `${scheme}://${named ? user(c) : ''}:⟨${urlPassword(c)}⟩@${host(c)}${end(c)}`)

const basic = (c: Chance): string => Buffer.from(`${user(c)}:${password(c)}`).toString('base64')

/** Azure marks its keys of 64 and of 32 bytes near their ends. */
const storageKey = (c: Chance): string => `${c.run('B', 76)}+ASt${c.run('B', 5)}${c.pick(['A', 'Q', 'g', 'w'])}==`
const busKey = (c: Chance, mark: string): string => `${c.run('B', 33)}${mark}${c.run('ABCDEFGHIJKLMNOP', 1)}${c.run('B', 5)}=`

export const CONNECTION_KINDS: readonly SecretKind[] = [
  uri('postgres url', 'postgres', (c) => `:5432/${word(c)}?sslmode=require`),
  uri('postgresql url', 'postgresql', (c) => `/${word(c)}`),
  uri('sqlalchemy url', 'postgresql+asyncpg', (c) => `:6432/${word(c)}`),
  uri('mysql url', 'mysql', (c) => `:3306/${word(c)}`),
  uri('mariadb url', 'mariadb+pymysql', (c) => `/${word(c)}?charset=utf8mb4`),
  uri('mongodb url', 'mongodb', (c) => `:27017/${word(c)}?authSource=admin`),
  marked('mongodb atlas url', 'url', (c) => {
    return `mongodb+srv://${user(c)}:⟨${urlPassword(c)}⟩@${word(c)}.${c.run('L', 5)}.mongodb.net/?retryWrites=true&w=majority`
  }),
  uri('redis url', 'redis', () => ':6379/0', false),
  uri('rediss url', 'rediss', () => ':6380'),
  uri('amqp url', 'amqps', (c) => `:5671/${word(c)}`),
  uri('sql server url', 'mssql+pyodbc', (c) => `:1433/${word(c)}?driver=ODBC+Driver+18+for+SQL+Server`),
  uri('clickhouse url', 'clickhouse', () => ':9440/default?secure=1'),
  uri('elasticsearch url', 'https', () => ':9200'),
  uri('ftp url', 'ftp', () => '/incoming/'),
  uri('sftp url', 'sftp', () => ':22/export'),
  uri('smtp url', 'smtps', () => ':465'),
  uri('proxy url', 'http', () => ':3128'),
  uri('ldap url', 'ldaps', () => ':636/dc=corp,dc=local'),
  uri('nats url', 'nats', () => ':4222'),
  marked('snowflake url', 'url', (c) => `snowflake://${user(c)}:⟨${urlPassword(c)}⟩@${c.run('u', 7)}-${c.run('U', 7)}/ANALYTICS/PUBLIC`),
  marked('git url with password', 'url', (c) => `https://${user(c)}:⟨${urlPassword(c)}⟩@git.${word(c)}.dev/${word(c)}/${word(c)}.git`),
  marked(
    'rtsp url',
    'url',
    (c) => `rtsp://admin:⟨${c.run('A', 12)}⟩@192.168.${c.below(9)}.${c.below(200) + 10}:554/Streaming/Channels/101`,
  ),
  marked('cloudinary url', 'url', (c) => `cloudinary://${c.digits(15)}:⟨${c.run('S', 27)}⟩@${word(c)}-media`),
  marked('sentry dsn with secret', 'url', (c) => `https://${c.run('H', 32)}:⟨${c.run('H', 32)}⟩@sentry.${word(c)}.io/${c.below(90) + 2}`),
  marked('jdbc url', 'url', (c) => `jdbc:postgresql://${host(c)}:5432/${word(c)}?user=${user(c)}&password=⟨${c.run('A', 18)}⟩&ssl=true`),
  marked('jdbc sql server', 'url', (c) => {
    return `jdbc:sqlserver://${host(c)}:1433;databaseName=${word(c)};user=${user(c)};password=⟨${c.run('A', 16)}⟩;encrypt=true`
  }),
  marked('ado.net connection', 'url', (c) => {
    const start = `Server=tcp:${word(c)}.database.windows.net,1433;Initial Catalog=${word(c)};`
    return `${start}User ID=${user(c)};Password=⟨${password(c)}⟩;Encrypt=True;Connection Timeout=30;`
  }),
  marked('odbc connection', 'url', (c) => `Driver={ODBC Driver 17 for SQL Server};Server=${host(c)};Uid=${user(c)};Pwd=⟨${password(c)}⟩;`),
  marked('libpq connection', 'url', (c) => `host=${host(c)} port=5432 dbname=${word(c)} user=${user(c)} password=⟨${c.run('A', 18)}⟩`),
  marked('stackexchange redis', 'url', (c) => {
    return `${word(c)}.redis.cache.windows.net:6380,password=⟨${c.run('A', 33)}AzCaB${c.run('A', 5)}=⟩,ssl=True,abortConnect=False`
  }),
  marked('azure storage connection', 'url', (c) => {
    const account = `${word(c)}${c.run('l', 5)}`
    return `DefaultEndpointsProtocol=https;AccountName=${account};AccountKey=⟨${storageKey(c)}⟩;EndpointSuffix=core.windows.net`
  }),
  marked('azure shared access signature', 'url', (c) => {
    const head = `https://${word(c)}${c.run('l', 4)}.blob.core.windows.net/${word(c)}/report.parquet`
    return `${head}?sv=2023-11-03&st=2025-08-0${c.below(9) + 1}T08%3A00%3A00Z&se=2026-08-01T08%3A00%3A00Z&sr=b&sp=r&sig=⟨${signature(c)}⟩`
  }),
  marked('azure service bus connection', 'url', (c) => {
    const end = `SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=⟨${busKey(c, '+ASb')}⟩`
    return `Endpoint=sb://${word(c)}.servicebus.windows.net/;${end}`
  }),
  marked('azure event hub connection', 'url', (c) => {
    const end = `SharedAccessKey=⟨${busKey(c, '+AEh')}⟩;EntityPath=${word(c)}-events`
    return `Endpoint=sb://${word(c)}-ns.servicebus.windows.net/;SharedAccessKeyName=sender;${end}`
  }),
  marked('azure iot hub connection', 'url', (c) => {
    return `HostName=${word(c)}.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=⟨${busKey(c, 'AIoT')}⟩`
  }),
  marked('azure cosmos connection', 'url', (c) => {
    return `AccountEndpoint=https://${word(c)}.documents.azure.com:443/;AccountKey=⟨${c.run('B', 76)}ACDb${c.run('B', 5)}Q==⟩;`
  }),
  marked('azure app configuration connection', 'url', (c) => {
    return `Endpoint=https://${word(c)}.azconfig.io;Id=${c.run('A', 4)}-l0-s0:${c.run('A', 20)};Secret=⟨${bytes(c, 32).toString('base64')}⟩`
  }),
  marked('aws presigned url', 'url', (c) => {
    const day = `202509${c.below(18) + 10}`
    const head = `https://${word(c)}-exports.s3.eu-west-1.amazonaws.com/${c.uuid()}.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256`
    const scope = `X-Amz-Credential=AKIA${c.run('E', 16)}%2F${day}%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=${day}T120000Z`
    return `${head}&${scope}&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=⟨${c.run('H', 64)}⟩`
  }),
  marked('slack webhook', 'url', (c) => `https://hooks.slack.com/services/T${c.run('U', 10)}/B${c.run('U', 10)}/⟨${c.run('A', 24)}⟩`),
  marked('slack workflow webhook', 'url', (c) => {
    return `https://hooks.slack.com/triggers/T${c.run('U', 10)}/${c.digits(13)}/⟨${c.run('H', 32)}⟩`
  }),
  marked('discord webhook', 'url', (c) => `https://discord.com/api/webhooks/1${c.digits(18)}/⟨${c.run('S', 68)}⟩`),
  marked('teams webhook', 'url', (c) => {
    const head = `https://${word(c)}.webhook.office.com/webhookb2/${c.uuid()}@${c.uuid()}/IncomingWebhook`
    return `${head}/⟨${c.run('H', 32)}⟩/${c.uuid()}`
  }),
  marked('power automate url', 'url', (c) => {
    const head = `https://prod-${c.below(90) + 10}.westeurope.logic.azure.com:443/workflows/${c.run('H', 32)}/triggers/manual/paths/invoke`
    return `${head}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=⟨${c.run('S', 43)}⟩`
  }),
  marked('google chat webhook', 'url', (c) => {
    return `https://chat.googleapis.com/v1/spaces/AAAA${c.run('S', 7)}/messages?key=⟨AIzaSy${c.run('S', 33)}⟩&token=⟨${c.run('S', 43)}⟩`
  }),
  marked('zapier webhook', 'url', (c) => `https://hooks.zapier.com/hooks/catch/${c.digits(7)}/⟨${c.run('L', 7)}⟩/`),
  marked('lark webhook', 'url', (c) => `https://open.larksuite.com/open-apis/bot/v2/hook/⟨${c.uuid()}⟩`),
  marked('dingtalk webhook', 'url', (c) => `https://oapi.dingtalk.com/robot/send?access_token=⟨${c.run('H', 64)}⟩`),
  marked('telegram url', 'url', (c) => `https://api.telegram.org/bot⟨${c.digits(10)}:AA${c.run('S', 33)}⟩/sendMessage`),
  marked('authorization basic', 'line', (c) => `Authorization: Basic ⟨${basic(c)}⟩`),
  marked('authorization bearer', 'line', (c) => `Authorization: Bearer ⟨${c.run('S', 43)}⟩`),
  marked('authorization bearer in lower case', 'line', (c) => `authorization: bearer ⟨${c.run('H', 48)}⟩`),
  marked('proxy authorization', 'line', (c) => `Proxy-Authorization: Basic ⟨${basic(c)}⟩`),
  marked('authorization ssws', 'line', (c) => `Authorization: SSWS ⟨00${c.run('S', 40)}⟩`),
  marked('authorization token', 'line', (c) => `Authorization: Token ⟨${c.run('H', 40)}⟩`),
  marked('x-api-key header', 'line', (c) => `X-Api-Key: ⟨${c.run('A', 40)}⟩`),
  marked('session cookie', 'line', (c) => `Set-Cookie: sessionid=⟨${c.run('L', 32)}⟩; HttpOnly; Path=/; SameSite=Lax; Secure`),
  marked('netrc line', 'line', (c) => `machine git.${word(c)}.dev login ${user(c)} password ⟨${c.run('A', 20)}⟩`),
  marked('pgpass line', 'line', (c) => `${host(c)}:5432:${word(c)}:${user(c)}:⟨${c.run('A', 18)}⟩`),
  marked('curl user', 'line', (c) => `curl -fsS -u '${user(c)}:⟨${password(c)}⟩' https://nexus.${word(c)}.dev/repository/raw/`),
  marked('mysql client password', 'line', (c) => `mysql -h ${host(c)} -u ${user(c)} -p'⟨${password(c)}⟩' ${word(c)}`),
  marked('sshpass', 'line', (c) => `sshpass -p '⟨${password(c)}⟩' ssh ${user(c)}@${host(c)} uptime`),
  marked('docker login', 'line', (c) => `docker login -u ${user(c)} -p ⟨${c.run('A', 22)}⟩ registry.${word(c)}.dev`),
  marked('npmrc uuid token', 'line', (c) => `//npm.${word(c)}.dev/:_authToken=⟨${c.uuid()}⟩`),
  marked('npmrc basic auth', 'line', (c) => `//npm.${word(c)}.dev/:_auth=⟨${basic(c)}⟩`),
  marked('docker config auth', 'line', (c) => `{"auths":{"registry.${word(c)}.dev":{"auth":"⟨${basic(c)}⟩"}}}`),
  marked('kafka jaas', 'line', (c) => {
    const start = 'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required'
    return `${start} username="${c.run('U', 16)}" password="⟨${c.run('B', 64)}⟩";`
  }),
  marked('kubernetes bootstrap token', 'line', (c) => `kubeadm join ${host(c)}:6443 --token ⟨${c.run('L', 6)}.${c.run('L', 16)}⟩`),
  marked('azure login secret', 'line', (c) => `az login --service-principal -u ${c.uuid()} -p ⟨${c.run('A', 3)}8Q~${c.run('S', 34)}⟩`),
  marked('vault unseal key', 'line', (c) => `Unseal Key ${c.below(5) + 1}: ⟨${bytes(c, 33).toString('base64')}⟩`),
  marked(
    'jenkins setup password',
    'line',
    (c) => `Jenkins initial setup is required. Please use the following password: ⟨${c.run('H', 32)}⟩`,
  ),
]
