import type { ModelConfig, TaskSpec } from '@sohu-match/core'
import type { Origin } from '@sohu-match/node'
import { maxPositions } from '../graph/onnx-ops'
import { originSection } from './model-card'

/** `config.json` of a one-task export with the keys of Hugging Face's RoFormer; the task and its threshold are ours. */
export function huggingFaceConfig(config: ModelConfig, task: TaskSpec, threshold: number): Record<string, unknown> {
  return {
    model_type: 'roformer',
    architectures: ['RoFormerForSequenceClassification'],
    vocab_size: config.vocabSize,
    embedding_size: config.embeddingSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: config.intermediateSize,
    hidden_act: 'gelu',
    hidden_dropout_prob: config.hiddenDropoutProb,
    attention_probs_dropout_prob: 0,
    max_position_embeddings: maxPositions(config),
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    pad_token_id: 0,
    rotary_value: false,
    num_labels: 2,
    id2label: { 0: 'different', 1: 'match' },
    label2id: { different: 0, match: 1 },
    problem_type: 'single_label_classification',
    sohu_match: { task: task.name, threshold, max_length: config.maxLength }
  }
}

export function taskCard(
  name: string,
  task: TaskSpec,
  threshold: number,
  files: readonly string[],
  origin?: Origin
): string {
  return `# ${name}: ${task.name}

A RoFormer that says whether two Chinese texts match under the task ${task.name}, exported by sohu-match from a model of several tasks: its
task-dependent norms are folded into plain ones. Any ONNX runtime runs it on token ids: \`input_ids\`, \`attention_mask\`, \`token_type_ids\`
(int64 [batch, sequence]) to \`logits\` [batch, 2]. The softmax of column 1 is the score; texts match above ${threshold}.

\`\`\`js
import { AutoModelForSequenceClassification } from '@huggingface/transformers'
const model = await AutoModelForSequenceClassification.from_pretrained('path/to/this/folder', { dtype: 'fp32' })
const { logits } = await model({ input_ids, attention_mask, token_type_ids })
\`\`\`

No tokenizer is in here: jieba's words come before WordPiece, and Hugging Face's tokenizers do not do that. Token ids come from sohu-match.

${files.map((file) => `- \`${file}\``).join('\n')}
${originSection(origin)}`
}
