// The fake's answers to the first steps and to a report.
import type { Recommendation } from '../bindings';
import type { Scenario } from './scenarios';

const MACHINE = 'Linux (glibc 2.36) on AMD Ryzen 7 7700X 8-Core Processor, 31.2 GB of memory, no GPU.';

const offer = (patch: Partial<Recommendation> & Pick<Recommendation, 'repo' | 'pace'>): Recommendation => ({
  variant: 'Q4_K_M',
  sizeBytes: 1_282_439_584,
  parameters: 1_720_574_976,
  skills: [],
  fitSentence: 'Fits: 2.1 GB of 17.4 GB free.',
  recommended: false,
  localKey: null,
  ...patch,
});

export const someOffers: Recommendation[] = [
  offer({ repo: 'unsloth/Qwen3-1.7B-GGUF', pace: 'quick', skills: ['reasoning'] }),
  offer({
    repo: 'ggml-org/gemma-3-4b-it-GGUF',
    pace: 'balanced',
    skills: ['images'],
    sizeBytes: 3_341_025_632,
    parameters: 3_880_263_168,
    recommended: true,
  }),
  offer({
    repo: 'bartowski/Qwen_Qwen3-8B-GGUF',
    pace: 'thorough',
    skills: ['reasoning'],
    sizeBytes: 5_027_783_488,
    parameters: 8_190_735_360,
  }),
];

/** What a doctor would say. */
export const someReport = `version     Paddock 0.1.0
machine     ${MACHINE}
memory      17.4 GB free of 23.4 GB
data        212.4 GB free on its disk
endpoint    http://127.0.0.1:8421 (listening)
engine      b11434-vulkan, b11434 vulkan, current, proved, NVIDIA GeForce RTX 4060 Ti
models in   a folder with 212.4 GB free on its disk
models      6
API keys    0
variable    HF_HOME=…/huggingface

warning: models: phi-4 is not there
  Connect the drive it was on, or remove it from the list.
`;

export class FakeFirstRun {
  private readonly scenario: Scenario;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  readonly commands = {
    machineSentence: () => MACHINE,
    recommendModels: () => this.scenario.recommendations,
    finishFirstRun: () => null,
    report: () => someReport,
    saveText: () => true,
  };
}
