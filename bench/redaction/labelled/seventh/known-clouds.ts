import { b64, framed, type Kind, whole, within } from './shapes.ts'

const AZURE_SECRET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~._-'

export const CLOUDS: readonly Kind[] = [
  whole('AWS access key id', 'AWS_ACCESS_KEY_ID', 'AKIA{E16}'),
  whole('AWS temporary access key id', 'AWS_ACCESS_KEY_ID', 'ASIA{E16}'),
  whole(
    'AWS Bedrock long-term key',
    'AWS_BEARER_TOKEN_BEDROCK',
    (c) => `ABSK${b64(`BedrockAPIKey-${c.run('L', 4)}-at-${c.digits(12)}:${c.run('B', 43)}=`)}`,
  ),
  whole('AWS Bedrock short-term key', 'AWS_BEARER_TOKEN_BEDROCK', (c) => {
    const query =
      `bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorith` + `m=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA${c.run('E', 16)}`
    return `bedrock-api-key-${b64(`${query}%2F20260214%2Fus-west-2%2Fbedrock%2Faws4_request&X-Amz-Signature=${c.run('H', 64)}&Version=1`)}`
  }),
  whole('AWS session token', 'AWS_SESSION_TOKEN', (c) => `IQoJb3JpZ2luX2Vj${c.run('B', 490 + c.below(90))}==`),
  whole('Amazon MWS token', 'MWS_AUTH_TOKEN', 'amzn.mws.{X}'),
  whole('Login with Amazon client secret', 'LWA_CLIENT_SECRET', 'amzn1.oa2-cs.v1.{H64}'),
  whole('Login with Amazon refresh token', 'SP_API_REFRESH_TOKEN', 'Atzr|IwEBI{S290-340}'),
  within('AWS presigned URL', 'DOWNLOAD_URL', (c) => {
    const signature = c.run('H', 64)
    const object = `https://acme-${c.run('l', 6)}.s3.eu-west-1.amazonaws.com/exports/${c.run('H', 12)}.parquet`
    const credential = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA${c.run('E', 16)}%2F20260309%2Feu-west-1%2Fs3%2Faws4_request`
    return [
      `${object}?${credential}&X-Amz-Date=20260309T081522Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`,
      signature,
    ]
  }),
  whole('Google API key', 'GOOGLE_MAPS_API_KEY', 'AIzaSy{S33}'),
  whole('Google OAuth access token', 'GOOGLE_ACCESS_TOKEN', 'ya29.a0A{S160-215}'),
  whole('Google OAuth client secret', 'GOOGLE_CLIENT_SECRET', 'GOCSPX-{S28}'),
  whole('Google OAuth refresh token', 'GOOGLE_REFRESH_TOKEN', '1//0{D1}{S10}CgYIARAAGA{S40-60}SNwF-L9Ir{S40}'),
  whole('GCS HMAC access id', 'GCS_ACCESS_KEY_ID', 'GOOG1E{U55}'),
  whole('Firebase server key', 'FCM_SERVER_KEY', 'AAAA{S7}:APA91b{S134}'),
  framed(
    'GCS signed URL',
    'SIGNED_URL',
    'https://storage.googleapis.com/acme-{l6}/invoices/{H16}.pdf?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Cre' +
      'dential=exporter%40acme-{D6}.iam.gserviceaccount.com%2F20260311%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-' +
      'Date=20260311T100412Z&X-Goog-Expires=900&X-Goog-SignedHeaders=host&X-Goog-Signature=<{H512}>',
  ),
  framed('Google Chat webhook', 'GCHAT_WEBHOOK', 'https://chat.googleapis.com/v1/spaces/AAAA{A7}/messages?key=<AIzaSy{S33}>&token=<{S43}>'),
  whole('Azure AD client secret', 'AZURE_CLIENT_SECRET', (c) => `${c.run('A', 3)}8Q~${c.run(AZURE_SECRET, 33)}${c.run('A', 1)}`),
  framed(
    'Azure storage connection string',
    'AZURE_STORAGE_CONNECTION_STRING',
    'DefaultEndpointsProtocol=https;AccountName=st{l7}prod;AccountKey=<{B76}+ASt{B5}g==>;EndpointSuffix=core.windows.net',
  ),
  framed(
    'Azure Cosmos DB connection string',
    'COSMOS_CONNECTION',
    'AccountEndpoint=https://cosmos-{l6}.documents.azure.com:443/;AccountKey=<{A76}ACDb{A5}w==>;',
  ),
  framed(
    'Azure Service Bus connection string',
    'SERVICEBUS_CONNECTION_STRING',
    'Endpoint=sb://sb-{l6}.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=<{B33}+ASb{B5}k=>',
  ),
  framed(
    'Azure Event Hubs connection string',
    'EVENTHUB_CONNECTION_STRING',
    'Endpoint=sb://eh-{l6}.servicebus.windows.net/;SharedAccessKeyName=producer;SharedAccessKey=<{B33}+AEh{B5}s=>;EntityPath=telemetry',
  ),
  framed(
    'Azure IoT Hub connection string',
    'IOTHUB_CONNECTION_STRING',
    'HostName=iot-{l6}.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=<{B33}AIoT{B5}0=>',
  ),
  framed(
    'Azure cache connection string',
    'REDIS_CONNECTION',
    'cache-{l6}.redis.cache.windows.net:6380,password=<{A33}AzCaA{A5}=>,ssl=True,abortConnect=False',
  ),
  framed('Azure App Configuration connection string', 'APPCONFIG', 'Endpoint=https://cfg-{l6}.azconfig.io;Id={A4};Secret=<{B43}=>'),
  framed(
    'Azure shared access signature',
    'BLOB_SAS_URL',
    'https://st{l7}.blob.core.windows.net/backups/{H8}.bak?sp=r&st=2026-02-03T08:11:09Z&' +
      'se=2026-05-03T16:11:09Z&spr=https&sv=2024-11-04&sr=b&sig=<{A20}%2B{A19}%3D>',
  ),
  whole('Azure DevOps token', 'AZURE_DEVOPS_EXT_PAT', '{A52}JQQJ99BDACAAAAAAAAAAAAASAZDO{A4}'),
  whole('Azure OpenAI key', 'AZURE_OPENAI_API_KEY', '{A52}JQQJ99BDACYeBjFXJ3w3AAABACOG{A4}'),
  whole('Azure Functions key', 'FUNCTIONS_KEY', '{A44}AzFu{A5}Q=='),
  whole('Azure AI Search admin key', 'AZURE_SEARCH_ADMIN_KEY', '{A42}AzSeB{A5}'),
  whole('Azure container registry password', 'ACR_PASSWORD', '{A42}+ACRB{A5}'),
  whole('DigitalOcean personal token', 'DIGITALOCEAN_ACCESS_TOKEN', 'dop_v1_{H64}'),
  whole('DigitalOcean OAuth token', 'DO_OAUTH_TOKEN', 'doo_v1_{H64}'),
  whole('DigitalOcean refresh token', 'DO_REFRESH_TOKEN', 'dor_v1_{H64}'),
  whole('Alibaba Cloud access key id', 'ALIBABA_CLOUD_ACCESS_KEY_ID', 'LTAI5t{A18}'),
  whole('Tencent Cloud secret id', 'TENCENTCLOUD_SECRET_ID', 'AKID{A32}'),
  whole('Yandex Cloud API key', 'YC_API_KEY', 'AQVN{S35}'),
  whole('Cloudflare user token', 'CLOUDFLARE_API_TOKEN', 'cfut_{A40}{H8}'),
  whole('Cloudflare account token', 'CLOUDFLARE_API_TOKEN', 'cfat_{A40}{H8}'),
  whole('Cloudflare global key', 'CLOUDFLARE_API_KEY', 'cfk_{A40}{H8}'),
  whole('Cloudflare origin CA key', 'CLOUDFLARE_ORIGIN_CA_KEY', 'v1.0-{H24}-{H146}'),
  whole('Heroku key', 'HEROKU_API_KEY', 'HRKU-AA{S58}'),
  whole('Fly.io token', 'FLY_API_TOKEN', 'fo1_{S43}'),
  whole('Fly.io macaroon', 'FLY_API_TOKEN', (c) => `FlyV1 fm2_lJPECAAAAAAA${c.run('B', 540 + c.below(60))}==`),
  whole('Vercel Blob token', 'BLOB_READ_WRITE_TOKEN', 'vercel_blob_rw_{A16}_{A30}'),
  whole('Vercel token', 'VERCEL_TOKEN', 'vcp_{A56}'),
  whole('Netlify token', 'NETLIFY_AUTH_TOKEN', 'nfp_{A36}'),
  whole('Render key', 'RENDER_API_KEY', 'rnd_{A28}'),
  whole('Scaleway access key', 'SCW_ACCESS_KEY', 'SCW{U17}'),
  whole('Scalingo token', 'SCALINGO_API_TOKEN', 'tk-us-{S48}'),
  whole('Deno Deploy token', 'DENO_DEPLOY_TOKEN', 'ddp_{A36}'),
  whole('OpenShift token', 'OC_TOKEN', 'sha256~{S43}'),
  whole('Rancher token', 'RANCHER_BEARER_TOKEN', 'token-{l5}:{l54}'),
  whole('Docker Swarm join token', 'SWARM_JOIN_TOKEN', 'SWMTKN-1-{L50}-{L25}'),
  whole('Tailscale auth key', 'TS_AUTHKEY', 'tskey-auth-k{A10}CNTRL-{A32}'),
  whole('Tailscale API token', 'TAILSCALE_API_KEY', 'tskey-api-k{A10}CNTRL-{A32}'),
  whole('Tailscale OAuth client secret', 'TS_OAUTH_SECRET', 'tskey-client-k{A10}CNTRL-{A32}'),
  whole('ngrok authtoken', 'NGROK_AUTHTOKEN', '2{A26}_{D1}{A20}'),
  whole('Defined Networking key', 'DNKEY', 'dnkey-{S26}-{S52}'),
]
