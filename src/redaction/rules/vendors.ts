/**
 * Who gives out keys that have no form of their own. A value beside such a name, in a program's configuration, is taken for a key where it
 * is random and the rest of the name does not say something else of it. Names that are also words are left out, or stand with another.
 */
export const VENDORS: ReadonlySet<string> = new Set(
  (
    'abuseipdb ably acoustid adafruit adobe adyen affinity agora ai21 airbrake airship airtable akamai akeyless alchemy algolia alibaba aliyun alphavantage amadeus amplitude ' +
    'anthropic apifonica apify apigee apitemplate apollo appcues appfollow apple apptentive appwrite artifactory asana assemblyai atlassian auth0 autodesk aws axiom azure backblaze ' +
    'bannerbear baseten beamer betterstack bigcommerce binance bitbucket bitfinex bitly bitmex bittrex blazemeter blockfrost box braintree brave brevo browserstack browshot ' +
    'bugherd bugsnag buildkite bybit calendarific calendly campayn canva cerebras chartmogul chatfuel checkly circleci clarifai clearbit clerk clickhouse clickup clockify ' +
    'cloudconvert cloudflare cloudinary cloudsmith coda codacy codeclimate codecov cohere coinapi coinbase coinlayer coinmarketcap comet confluence confluent contentful ' +
    'convertkit courier coveralls cryptocompare currencylayer customerio databricks datadog deepgram deepl deepseek devcycle digitalocean discord docusign docker dockerhub doppler ' +
    'drone droneci dropbox duffel dynatrace easypost edamam elastic elevenlabs etherscan etsy eventbrite everhour exchangerate expo facebook fastly fauna fibery figma ' +
    'finicity finnhub firebase firecrawl fireworks fixer flickr flutterwave foursquare freshbooks freshdesk fullstory gemini geocodify getresponse giphy github gitlab gitter ' +
    'gocardless godaddy grafana groq gumroad guru happyscribe harness hasura hcaptcha helpscout heroku hetzner hcloud honeybadger honeycomb hubspot huggingface hunter hypertrack ' +
    'ibmcloud imagekit imgix imgur infura influxdb instagram intercom ipapi ipgeolocation ipinfo ipstack jenkins jfrog jina jira jumpcloud kaggle klaviyo kraken kucoin ' +
    'langchain langfuse langsmith langtrace launchdarkly linear linkedin linode litellm livekit livestorm lob locationiq logdna loggly logzio looker mailboxlayer mailchimp mailgun ' +
    'mailjet mailmodo mapbox mapquest mattermost maxmind mediastack meilisearch meraki messagebird microsoft minimax miro mistral mixpanel mollie monday mongodb moonshot ' +
    'nasa netlify newrelic newsapi nexmo nomad notion npm nugget nvidia nytimes octopus okta omnisend onedesk onelogin onesignal openai openaq openrouter openweather ' +
    'openweathermap opsgenie optimizely pagerduty pandadoc parsehub paypal paystack pendo perplexity pexels phoenix pinecone pipedrive pivotaltracker pixabay plaid ' +
    'planetscale plivo polygon portkey postgrid posthog postman postmark privateai pubnub pulumi pusher pushbullet pushover qdrant qualtrics quickbooks rapidapi ravelry razorpay ' +
    'reddit redis replicate replit resend revenuecat rocketchat rollbar rubygems runpod salesforce sambanova scalr scrapfly scraperapi scrapingbee screenshotapi segment semgrep ' +
    'sendbird sendgrid sendinblue sentry serpapi serper serpstack shippo shodan shopify shortcut shutterstock sightengine signaturit sinch singlestore skylight slack smartsheet snowflake ' +
    'snyk sonar sonarcloud sonarqube sourcegraph sparkpost splunk spoonacular spotify square squarespace stability statuspage stormglass strava stripe stytch sumologic supabase ' +
    'surge surveymonkey tailscale tatum tavily taxjar telegram telnyx tencent textmagic thinkific tiingo todoist together tomtom travis travisci trello tumblr turso twelvelabs ' +
    'twilio twitch twitter twitterapi typeform typesense unsplash upstash vercel virustotal voiceflow vonage voyage vultr wakatime walmart wandb watsonx weaviate ' +
    'weatherapi weatherbit weatherstack webex webflow weglot wepay whoxy wistia woocommerce wordpress worldcoinindex xai xero yandex yelp youtube zapier zendesk zenrows zenserp ' +
    'zeplin zerobounce zhipu zipcodeapi zoho zonkafeedback zoom circle meili logs amqp sonatype nexus gitea datastax conversion fathom pexel gradle jetbrains mullvad tinify tmdb omdb newscatcher'
  ).split(' '),
)
