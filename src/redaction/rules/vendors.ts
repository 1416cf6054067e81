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
    'zeplin zerobounce zhipu zipcodeapi zoho zonkafeedback zoom circle meili logs amqp sonatype nexus gitea datastax conversion fathom pexel gradle jetbrains mullvad tinify tmdb omdb newscatcher ' +
    'abyssale accuweather airvisual aiven alienvault ambee apiflash apilayer apimatic apimetrics apiscience appdynamics ' +
    'appointedd appsflyer apptivo atera audd autoklose avaza aviationstack axonaut aylien ayrshare baremetrics beebole ' +
    'besnappy besttime bitbar bitcoinaverage bitquery blablabus blitapp blocknative bombbomb boostnote borgbase brandfetch ' +
    'browserless bscscan buddyns budibase bulbul bulksms buttercms cannyio capsulecrm captaindata carboninterface ' +
    'cashboard censys cexio chainbase channelio cicero clearout clickhelp clicksend clinchpad clockworksms cloudelements ' +
    'cloudimage cloudmersive cloudplan cloverly cloze clustdoc codemagic codequiry coinlib commercejs companyhub ' +
    'convertapi countrylayer crowdin currencycloud currencyfreaks currencyscoop currentsapi customerguru d7network dailyco ' +
    'dandelion dareboost databox datagov debounce deepai demio detectify detectlanguage dfuse diffbot diggernaut docparser ' +
    'docspring documo dronahq dyspatch eagleeyenetworks easyinsight ecostruxure edenai eightxeight enablex endorlabs ' +
    'exportsdk extractorapi faceplusplus fastforex fasttrack feedier fetchrss fileio findl flatio fleetbase flexport ' +
    'flightapi flightlabs flightstats flowflu formbucket formcraft formio formsite frameio freshworks fxmarket gcore ' +
    'geckoboard gengo geoapify geocodio geoipifi getemail getemails getgeoapi getgist getsandbox gitguardian glassnode ' +
    'gnews gocanvas goodday graphcms graphhopper groovehq gtmetrix gyazo helpcrunch hiveage holidayapi html2pdf hybiscus ' +
    'hyperbolic iconfinder iexapis iexcloud imagga insightly instabot instamojo interseller intra42 intrinio invoiceocean ' +
    'ip2location ipdata ipinfodb ipquality jotform jumpseller jupiterone juro kanbantool karmacrm keenio kickbox klipfolio ' +
    'knapsackpro kontent kylas landbot languagelayer leadfeeder lemlist lemonsqueezy lendflow lessannoyingcrm lexigram ' +
    'linearb linkpreview liveagent loadmill loginradius lokalise loyverse madkudu magicbell mailerlite mailsac mandrill ' +
    'marketstack mavenlink meaningcloud memberstack mesibo messari metaapi metrilo micromobility mindmeister mixmax ' +
    'mockaroo moonclerk moonpay moosend moralis mrticktock myexperiment myfreshworks myintervals nethunt newsdata nfx ' +
    'nightfall noticeable nozbe numverify nutritionix oanda onbuka onfleet oopspam opencagedata opengraphr openuv overloop ' +
    'owlbot packagecloud pandascore paperform paralleldots parseur partnerstack passbase pastebin paydirt paymo paymongo ' +
    'pdflayer pdfshift peopledatalabs pepipost phyllo pipedream pixelbin planviewleankit planyo pollsapi poloniex ' +
    'polymarket powrbot prodpad prospectcrm protocolsio proxycrawl publit purestake qase qubole quickmetrics rawg ' +
    'reachmail reallysimplesystems rebrandly rechargepayments refiner rentman repairshopr requestfinance restpack ' +
    'restpackhtmltopdf revampcrm ringcentral ritekit rocketreach roninapp rownd runrunit salesblink salescookie salesflare ' +
    'salesmate satismeter saucelabs scaleway scrapeowl scraperbox scrapersite scrapestack scrapingant screenshotlayer ' +
    'scrutinizer securitytrails selectpdf semantria sendbirdorganization serphouse sheety sherpadesk shipday shortpixel ' +
    'shotstack signable signalwire signupgenius sigopt simfin simplesat simplynoted simvoly sirv siteleaf skrappio ' +
    'skybiometry smartystreets smooch snipcart solarwinds speechtext sportsmonk sslmate statuscake statuspal stitchdata ' +
    'stockdata storecove stormboard storyblok storychief sugester supernotes surveyanyplace surveybot surveysparrow ' +
    'survicate swiftype tallyfy teamgate teamviewer teamwork technicalanalysis tefter teletype testingbot textrazor ' +
    'theoddsapi thingsboard thousandeyes tickettailor timecamp timezoneapi tinypng tly tmetric toggl tokeet tomorrowio ' +
    'tradier transferwise travelpayouts trufflehog twelvedata tyntec typetalk ubidots uclassify unplugg upcdatabase uplead ' +
    'uploadcare uptimerobot upwave urlscan userflow userstack vatlayer vbout verimail veriphone versioneye viewneo ' +
    'visualcrossing voicegain voodoosms vouchery vpnapi vyte walkscore webengage webscraper webscraping websitepulse ' +
    'worksnaps workstack worldweather wrike youneedabudget yousign zenkit zenscrape zerotier ' +
    'adzuna aeroworkflow alconost alegra aletheia anypoint anyscale apacta api2cart apideck appoptics artsy bailian ' +
    'billomat blynk braintrust caflou centralstationcrm checkvist clearml clicksendsms cliengo clientary closecrm ' +
    'cloudsight cometml conversiontools couchbase craftmypdf dagshub dashscope deepinfra dependencytrack disqus dotdigital ' +
    'dovico duply dwolla dynalist elasticemail ethplorer finage financialmodelingprep fmfw helicone hellosign labelbox ' +
    'lakera lambdalabs larksuite lightningai linenotify llamacloud llamaparse lunchmoney mailjetsms marqo meistertask ' +
    'metabase milvus modelscope monkeylearn neptuneai netsuite nftport ngrok nicereply nomic novita nozbeteams nylas ' +
    'onepagecrm openmeteo openpipe pagarme paperspace photoroom planetscaledb portainer positionstack predibase qualaroo ' +
    'rabbitmq railwayapp redhatpyxis roboflow rockset rootly route4me saladcloud scaleai siliconflow skrapp smartsheets ' +
    'squareup stackhawk stripo ticketmaster toggltrack truenas turbopuffer unifyid vagrantcloud valohai vastai vectara ' +
    'volcengine voyageai web3storage webexbot weightsandbiases zilliz zipbooks zipcodebase zulip zulipchat'
  ).split(' '),
)
