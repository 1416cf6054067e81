import type { RuleData } from '../rule.ts'
import { ALNUM, HEX, prefixed, shaped, URL_SAFE, WORD } from './prefixed.ts'

/** Model providers and the tools around them, beside those in provider-keys.ts. */
export const MODEL_KEY_RULES: readonly RuleData[] = [
  prefixed('wandb-api-key', ['wandb_v1_'], WORD, 40, 120),
  prefixed('kaggle-token', ['KGAT_'], ALNUM, 30, 64),
  prefixed('runpod-api-key', ['rpa_'], '[A-Z0-9]', 36, 60),
  prefixed('friendli-token', ['flp_'], ALNUM, 36, 64),
  prefixed('brave-search-key', ['BSA'], URL_SAFE, 24, 30, 'upper-lower-digit'),
  prefixed('mem0-api-key', ['m0-'], ALNUM, 36, 48, 'upper-lower-digit'),
  prefixed('browserbase-key', ['bb_live_', 'bb_test_'], URL_SAFE, 20, 60),
  shaped('cursor-api-key', ['key_'], `${HEX}{64}`),
  prefixed('cursor-api-key', ['crsr_'], HEX, 60, 70),
  prefixed('cartesia-api-key', ['sk_car_'], URL_SAFE, 16, 60),
  prefixed('nomic-api-key', ['nk-'], URL_SAFE, 40, 60, 'upper-lower-digit'),
  prefixed('mixedbread-key', ['mxb_', 'emb_'], ALNUM, 32, 64, 'letter-and-digit'),
  prefixed('chroma-api-key', ['ck-'], ALNUM, 40, 64, 'upper-lower-digit'),
  prefixed('turbopuffer-key', ['tpuf_'], ALNUM, 24, 64),
  prefixed('posthog-key', ['phx_', 'phs_'], ALNUM, 36, 64),
  prefixed('logfire-token', ['pylf_v1_'], WORD, 30, 100),
  prefixed('composio-key', ['ak_'], URL_SAFE, 20, 40, 'upper-lower-digit'),
  prefixed('arize-api-key', ['ak-'], URL_SAFE, 40, 120, 'letter-and-digit'),
  prefixed('modal-token', ['ak-', 'as-'], ALNUM, 22, 22, 'upper-lower-digit'),
  prefixed('llama-api-key', ['LLM|'], '[A-Za-z0-9|_-]', 30, 80),
  prefixed('openai-webhook-secret', ['ek_', 'eak_'], HEX, 32, 64),
  prefixed('smithery-key', ['smry_'], URL_SAFE, 20, 64),
  prefixed('langgraph-key', ['lsv2_'], WORD, 40, 120),
  prefixed('traceloop-key', ['tl_'], HEX, 60, 70),
  prefixed('humanloop-key', ['hl_sk_'], ALNUM, 32, 64),
  prefixed('agentops-key', ['agentops_'], URL_SAFE, 24, 64, 'letter-and-digit'),
  prefixed('vellum-key', ['vellum_'], URL_SAFE, 24, 64, 'upper-lower-digit'),
  shaped('unstructured-key', ['unst-'], `${ALNUM}{24,40}`),
]
