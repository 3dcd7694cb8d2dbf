/**
 * Encodings of anonymous eligibility, equal in Rust, circuit, Solidity and TypeScript
 * (ELIGIBILITY section 1; shared vectors in tests/vectors).
 */
import { poseidon1 } from "poseidon-lite/poseidon1";
import { poseidon2 } from "poseidon-lite/poseidon2";
import { poseidon4 } from "poseidon-lite/poseidon4";
import { type Address, type Hex, encodeAbiParameters, keccak256, stringToBytes } from "viem";

/** Order of the BN254 scalar field: every public input lies below it. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** What a nullifier is for: 1 joining a sitting, 2 voting in a poll. */
export const Purpose = { join: 1, poll: 2 } as const;

/** A value that does not fit where it was to be used; `field` names it. */
export class EligibilityError extends Error {
  override readonly name = "EligibilityError";
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** The context a nullifier belongs to. */
export interface ExternalContext {
  readonly chainId: bigint;
  readonly townHall: Address;
  readonly roomId: Hex;
  readonly sittingId: bigint;
  readonly purpose: number;
  readonly purposeId: Hex;
}

/** A holder's place in the registry's tree. `weight` is the locked amount in raw units, `end` Unix seconds. */
export interface Leaf {
  readonly commitment: bigint;
  readonly account: Address;
  readonly weight: bigint;
  readonly end: bigint;
}

const typeHash = (type: string): Hex => keccak256(stringToBytes(type));

/** keccak-256 of `ParsExternal(…)`, the first word under the hash of an external nullifier. */
export const EXTERNAL_TYPEHASH: Hex = typeHash(
  "ParsExternal(uint256 chainId,address townHall,bytes32 roomId,uint64 sittingId,uint8 purpose,bytes32 purposeId)",
);

/** keccak-256 of `ParsSignal(…)`, the first word under the hash of a signal. */
export const SIGNAL_TYPEHASH: Hex = typeHash("ParsSignal(uint256 external,bytes32 payload,uint64 issuedAt)");

/** The upper 248 bits of a 256-bit hash: always below the field order. */
const to248 = (hash: Hex): bigint => BigInt(hash) >> 8n;

const inField = (field: string, value: bigint): bigint => {
  if (value < 0n || value >= FIELD_ORDER) throw new EligibilityError(field, `${field} is not below the field order`);
  return value;
};

const inBits = (field: string, value: bigint, bits: bigint): bigint => {
  if (value < 0n || value >> bits !== 0n) throw new EligibilityError(field, `${field} does not fit in ${bits} bits`);
  return value;
};

/** Identity commitment: PoseidonT2(secret). */
export const commitmentOf = (secret: bigint): bigint => poseidon1([inField("secret", secret)]);

/** Inner node of the tree: PoseidonT3(left, right). */
export const nodeOf = (left: bigint, right: bigint): bigint => poseidon2([inField("left", left), inField("right", right)]);

/** Leaf: PoseidonT5(commitment, account, weight, end). */
export const leafOf = (leaf: Leaf): bigint =>
  poseidon4([
    inField("commitment", leaf.commitment),
    BigInt(leaf.account),
    inBits("weight", leaf.weight, 128n),
    inBits("end", leaf.end, 40n),
  ]);

/** External nullifier: 248 bits of keccak-256 over the context. */
export const externalOf = (context: ExternalContext): bigint =>
  to248(
    keccak256(
      encodeAbiParameters(
        [
          { type: "bytes32" },
          { type: "uint256" },
          { type: "address" },
          { type: "bytes32" },
          { type: "uint64" },
          { type: "uint8" },
          { type: "bytes32" },
        ],
        [
          EXTERNAL_TYPEHASH,
          context.chainId,
          context.townHall,
          context.roomId,
          context.sittingId,
          context.purpose,
          context.purposeId,
        ],
      ),
    ),
  );

/** Nullifier: PoseidonT3(external, secret). One per secret and context, unlinkable between contexts. */
export const nullifierOf = (external: bigint, secret: bigint): bigint =>
  poseidon2([inField("external", external), inField("secret", secret)]);

/** Signal: what the proof is bound to besides the statement. `issuedAt` in Unix seconds. */
export const signalOf = (external: bigint, payload: Hex, issuedAt: bigint): bigint =>
  to248(
    keccak256(
      encodeAbiParameters(
        [{ type: "bytes32" }, { type: "uint256" }, { type: "bytes32" }, { type: "uint64" }],
        [SIGNAL_TYPEHASH, inField("external", external), payload, inBits("issuedAt", issuedAt, 64n)],
      ),
    ),
  );
