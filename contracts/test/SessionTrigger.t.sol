// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MinimalAccount} from "../src/MinimalAccount.sol";
import {SessionTrigger} from "../src/SessionTrigger.sol";
import {ISessionTrigger} from "../src/interfaces/ISessionTrigger.sol";
import {SignerId} from "../src/types/Ids.sol";
import {Action, Policy, Rule} from "../src/types/Trigger.sol";
import {MockMldsa} from "./support/MockMldsa.sol";

/// What actions call.
contract Target {
    uint256 public value;
    error TargetRefuses(uint256 value);

    function set(uint256 value_) external payable {
        value = value_;
    }

    function refuse(uint256 value_) external pure {
        revert TargetRefuses(value_);
    }

    function bomb() external pure {
        assembly {
            revert(0x1000, 200000)
        }
    }

    function burn() external pure {
        while (true) {}
    }

    function need(uint256 least, bytes calldata) external {
        uint256 left = gasleft();
        if (left < least) revert TargetRefuses(left);
        value = left;
    }

    receive() external payable {}
}

/// Tries to run another action from inside one.
contract Reentrant {
    SessionTrigger private _trigger;
    bytes private _message;
    bytes private _signature;

    function arm(SessionTrigger trigger, bytes memory message, bytes memory signature_) external {
        (_trigger, _message, _signature) = (trigger, message, signature_);
    }

    function go() external {
        _trigger.executeFromSession(_message, _signature, "");
    }
}

contract SessionTriggerTest is MockMldsa {
    uint256 private constant START = 1_800_000_000;
    uint40 private constant DELAY = 1 days;
    address private constant OWNER = address(0xA1);
    address private constant FORBIDDEN = address(0xF0);

    SessionTrigger private trigger;
    MinimalAccount private account;
    Target private target;
    Reentrant private reentrant;
    bytes private key;
    SignerId private signerId;

    function setUp() public {
        vm.warp(START);
        address[] memory forbidden = new address[](1);
        forbidden[0] = FORBIDDEN;
        trigger = new SessionTrigger(newAdapter(), DELAY, forbidden);
        account = new MinimalAccount(OWNER);
        vm.prank(OWNER);
        account.setModule(address(trigger), true);
        vm.deal(address(account), 10 ether);
        (target, reentrant) = (new Target(), new Reentrant());
        key = toyKey(7);
        Policy memory whole = policy();
        Policy memory first = policy();
        first.rules = new Rule[](0);
        signerId = enrol(key, first);
        asAccount(abi.encodeCall(ISessionTrigger.setPolicy, (signerId, whole)));
    }

    function policy() private view returns (Policy memory p) {
        p.rules = new Rule[](7);
        p.rules[0] = Rule(address(target), Target.set.selector);
        p.rules[1] = Rule(address(target), Target.refuse.selector);
        p.rules[2] = Rule(address(target), Target.bomb.selector);
        p.rules[3] = Rule(address(target), bytes4(0));
        p.rules[4] = Rule(address(target), Target.burn.selector);
        p.rules[5] = Rule(address(reentrant), Reentrant.go.selector);
        p.rules[6] = Rule(address(target), Target.need.selector);
        (p.valueCap, p.perPeriod, p.period, p.validUntil) = (1 ether, 3, 1 hours, uint40(START + 30 days));
    }

    function possession(bytes memory key_) private view returns (bytes memory) {
        return toySign(key_, trigger.enrolBytes(address(account), SignerId.wrap(keccak256(key_))));
    }

    function enrol(bytes memory key_, Policy memory p) private returns (SignerId) {
        bytes memory call = abi.encodeCall(ISessionTrigger.enrol, (key_, p, possession(key_)));
        vm.prank(OWNER);
        return abi.decode(abi.decode(abi.encode(account.execute(address(trigger), 0, call)), (bytes)), (SignerId));
    }

    /// The account calls the trigger; a refusal comes through.
    function asAccount(bytes memory call) private {
        vm.prank(OWNER);
        account.execute(address(trigger), 0, call);
    }

    function action(bytes memory data, uint256 nonce) private view returns (Action memory) {
        return Action({
            signerId: signerId,
            account: address(account),
            target: address(target),
            value: 0,
            data: data,
            nonce: nonce,
            validAfter: uint48(START),
            validUntil: uint48(START + 10 days),
            gasLimit: 200_000
        });
    }

    function setTo(uint256 value, uint256 nonce) private view returns (Action memory) {
        return action(abi.encodeCall(Target.set, (value)), nonce);
    }

    function run(Action memory a) private {
        bytes memory sound = toySign(key, trigger.signedBytes(a));
        trigger.executeFromSession(abi.encode(a), sound, "");
    }

    function refused(Action memory a, bytes memory error_) private {
        bytes memory sound = toySign(key, trigger.signedBytes(a));
        vm.expectRevert(error_);
        trigger.executeFromSession(abi.encode(a), sound, "");
    }

    function hashOf(Action memory a) private pure returns (bytes32) {
        bytes32 typehash = keccak256(
            "Action(bytes32 signerId,address account,address target,uint256 value,bytes data,uint256 nonce,uint48 validAfter,uint48 validUntil,uint32 gasLimit)"
        );
        return keccak256(
            abi.encode(
                typehash,
                a.signerId,
                a.account,
                a.target,
                a.value,
                keccak256(a.data),
                a.nonce,
                a.validAfter,
                a.validUntil,
                a.gasLimit
            )
        );
    }

    function test_the_signed_bytes_are_prefix_domain_and_struct() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ParsSessionTrigger"),
                keccak256("1"),
                block.chainid,
                address(trigger)
            )
        );
        Action memory a = setTo(1, 2);
        bytes memory wanted = abi.encodePacked("pars-session-trigger/1", uint8(0), hex"1901", domain, hashOf(a));
        bytes memory got = trigger.signedBytes(a);
        same(got.length, 89, "length");
        same(keccak256(got), keccak256(wanted), "bytes");
    }

    /// Who calls by the selector alone finds it, in the interface and in the contract that is deployed.
    function test_execution_has_the_selector_of_its_signature() public {
        bytes4 byName = bytes4(keccak256("executeFromSession(bytes,bytes,bytes)"));
        same(ISessionTrigger.executeFromSession.selector, byName, "interface");
        Action memory a = setTo(6, 0);
        bytes memory sound = toySign(key, trigger.signedBytes(a));
        (bool ok,) = address(trigger).call(abi.encodeWithSelector(byName, abi.encode(a), sound, ""));
        yes(ok && target.value() == 6, "the contract");
    }

    function testFuzz_a_signed_action_runs_once(uint256 value, uint192 lane) public {
        Action memory a = setTo(value, uint256(lane) << 64);
        vm.expectEmit(true, true, true, true, address(trigger));
        emit ISessionTrigger.ActionExecuted(signerId, a.nonce, hashOf(a));
        run(a);
        same(target.value(), value, "ran");
        same(trigger.nextSequence(signerId, lane), 1, "next of the lane");
        same(trigger.nextSequence(signerId, lane ^ 1), 0, "other lane");
        refused(a, abi.encodeWithSelector(ISessionTrigger.InvalidNonce.selector, a.nonce, 1));
    }

    function test_the_key_may_come_along() public {
        Action memory a = setTo(5, 0);
        bytes memory sound = toySign(key, trigger.signedBytes(a));
        bytes memory other = toyKey(8);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionTrigger.KeyMismatch.selector, signerId, SignerId.wrap(keccak256(other)))
        );
        trigger.executeFromSession(abi.encode(a), sound, other);
        trigger.executeFromSession(abi.encode(a), sound, key);
        same(target.value(), 5, "ran");
    }

    function test_an_inner_failure_is_told_and_its_nonce_is_gone() public {
        Action memory a = action(abi.encodeCall(Target.refuse, (9)), 0);
        vm.expectEmit(true, true, true, true, address(trigger));
        emit ISessionTrigger.ActionFailed(
            signerId, 0, hashOf(a), abi.encodeWithSelector(Target.TargetRefuses.selector, 9)
        );
        run(a);
        same(trigger.nextSequence(signerId, 0), 1, "consumed");
        Action memory b = action(abi.encodeCall(Target.bomb, ()), 1);
        b.gasLimit = 2_000_000;
        vm.expectEmit(true, true, true, true, address(trigger));
        emit ISessionTrigger.ActionFailed(signerId, 1, hashOf(b), new bytes(256));
        run(b);
        Action memory c = action(abi.encodeCall(Target.burn, ()), 2);
        vm.expectEmit(true, true, true, false, address(trigger));
        emit ISessionTrigger.ActionFailed(signerId, 2, hashOf(c), "");
        run(c);
    }

    function test_a_disabled_module_fails_without_a_revert() public {
        vm.prank(OWNER);
        account.setModule(address(trigger), false);
        Action memory a = setTo(1, 0);
        vm.expectEmit(true, true, true, true, address(trigger));
        emit ISessionTrigger.ActionFailed(
            signerId, 0, hashOf(a), abi.encodeWithSelector(MinimalAccount.NotModule.selector, address(trigger))
        );
        run(a);
    }

    function test_value_goes_along_up_to_the_cap() public {
        Action memory a = action("", 0);
        a.value = 1 ether;
        run(a);
        same(address(target).balance, 1 ether, "sent");
        a.nonce = 1;
        a.value = 1 ether + 1;
        refused(a, abi.encodeWithSelector(ISessionTrigger.ValueAboveCap.selector, 1 ether + 1, 1 ether));
    }

    function testFuzz_a_signature_for_anything_else_is_refused(uint256 bit) public {
        Action memory a = setTo(1, 0);
        bytes memory message = trigger.signedBytes(a);
        bit = bound(bit, 0, message.length * 8 - 1);
        message[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        bytes memory wrong = toySign(key, message);
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.InvalidSessionSignature.selector, signerId));
        trigger.executeFromSession(abi.encode(a), wrong, "");
    }

    function test_a_signature_by_another_key_or_for_another_chain_is_refused() public {
        Action memory a = setTo(1, 0);
        bytes memory error_ = abi.encodeWithSelector(ISessionTrigger.InvalidSessionSignature.selector, signerId);
        bytes memory wrong = toySign(toyKey(8), trigger.signedBytes(a));
        vm.expectRevert(error_);
        trigger.executeFromSession(abi.encode(a), wrong, "");
        bytes memory sound = toySign(key, trigger.signedBytes(a));
        vm.chainId(block.chainid + 1);
        vm.expectRevert(error_);
        trigger.executeFromSession(abi.encode(a), sound, "");
        vm.etch(PRECOMPILE, "");
        vm.expectRevert(error_);
        trigger.executeFromSession(abi.encode(a), sound, "");
    }

    function test_only_the_canonical_encoding_is_read() public {
        Action memory a = setTo(1, 0);
        bytes memory sound = toySign(key, trigger.signedBytes(a));
        vm.expectRevert(ISessionTrigger.NonCanonicalMessage.selector);
        trigger.executeFromSession(abi.encodePacked(abi.encode(a), uint8(0)), sound, "");
        bytes memory shifted = abi.encodePacked(uint256(0x40), uint256(0), body(abi.encode(a)));
        vm.expectRevert(ISessionTrigger.NonCanonicalMessage.selector);
        trigger.executeFromSession(shifted, sound, "");
        vm.expectRevert();
        trigger.executeFromSession("", sound, "");
    }

    /// Without the leading offset.
    function body(bytes memory encoded) private pure returns (bytes memory part) {
        part = new bytes(encoded.length - 32);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i] = encoded[i + 32];
        }
    }

    function test_calls_outside_the_policy_are_refused() public {
        Action memory a = action(abi.encodeWithSignature("other()"), 0);
        refused(
            a,
            abi.encodeWithSelector(
                ISessionTrigger.CallNotAllowed.selector, address(target), bytes4(keccak256("other()"))
            )
        );
        a.data = hex"00000000";
        refused(a, abi.encodeWithSelector(ISessionTrigger.CallNotAllowed.selector, address(target), bytes4(0)));
        a.data = hex"00";
        refused(a, abi.encodeWithSelector(ISessionTrigger.CallNotAllowed.selector, address(target), bytes4(0)));
        a = setTo(1, 0);
        a.target = address(0x99);
        refused(a, abi.encodeWithSelector(ISessionTrigger.CallNotAllowed.selector, address(0x99), Target.set.selector));
        a = setTo(1, 0);
        a.account = address(this);
        refused(a, abi.encodeWithSelector(ISessionTrigger.AccountMismatch.selector, address(this), address(account)));
        a = setTo(1, 0);
        a.signerId = SignerId.wrap(bytes32(uint256(1)));
        refused(a, abi.encodeWithSelector(ISessionTrigger.UnknownSigner.selector, a.signerId));
    }

    function test_an_action_runs_within_its_window() public {
        Action memory a = setTo(1, 0);
        bytes memory late = abi.encodeWithSelector(ISessionTrigger.OutsideWindow.selector, a.validAfter, a.validUntil);
        vm.warp(START - 1);
        refused(a, abi.encodeWithSelector(ISessionTrigger.SignerNotInForce.selector, signerId, START, START + 30 days));
        vm.warp(uint256(a.validUntil) + 1);
        refused(a, late);
        vm.warp(a.validUntil);
        run(a);
    }

    function test_the_rate_is_kept_and_comes_back() public {
        for (uint256 i = 0; i < 3; ++i) {
            run(setTo(i, i));
        }
        refused(setTo(3, 3), abi.encodeWithSelector(ISessionTrigger.RateExceeded.selector, signerId, START + 1 hours));
        vm.warp(START + 1 hours);
        run(setTo(3, 3));
    }

    function test_a_relayer_cannot_starve_the_call() public {
        Action memory a = setTo(1, 0);
        a.gasLimit = 3_000_000;
        bytes memory call = abi.encodeCall(
            ISessionTrigger.executeFromSession, (abi.encode(a), toySign(key, trigger.signedBytes(a)), "")
        );
        (bool ok, bytes memory reason) = address(trigger).call{gas: 2_000_000}(call);
        no(ok, "too little gas");
        same(bytes32(bytes4(reason)), bytes32(ISessionTrigger.InsufficientGas.selector), "reason");
        same(trigger.nextSequence(signerId, 0), 0, "nothing is consumed");
        (ok,) = address(trigger).call{gas: 4_500_000}(call);
        yes(ok, "enough gas");
    }

    function test_however_long_the_data_and_whatever_the_gas_an_action_runs_or_nothing_happens() public {
        Action memory a = action(abi.encodeCall(Target.need, (0, new bytes(96 * 1024))), 0);
        a.gasLimit = 1_000_000;
        run(a);
        // What the target has when nobody is short of gas, less what may differ by the bytes of the figure itself.
        uint256 before = target.value();
        uint256 least = before - 1000;
        (a.nonce, a.data) = (1, abi.encodeCall(Target.need, (least, new bytes(96 * 1024))));
        bytes memory call = abi.encodeCall(
            ISessionTrigger.executeFromSession, (abi.encode(a), toySign(key, trigger.signedBytes(a)), "")
        );
        uint256 gas = 1_000_000;
        bool ok;
        while (!ok && gas < 8_000_000) {
            (ok,) = address(trigger).call{gas: gas}(call);
            same(trigger.nextSequence(signerId, 0), ok ? 2 : 1, "the nonce goes with the action only");
            gas += 5000;
        }
        yes(ok, "enough gas in the end");
        yes(target.value() >= least && target.value() != before, "the first gas that is taken suffices for the call");
    }

    function test_an_action_inside_an_action_fails() public {
        Action memory inner = setTo(66, 1);
        reentrant.arm(trigger, abi.encode(inner), toySign(key, trigger.signedBytes(inner)));
        Action memory outer = action(abi.encodeCall(Reentrant.go, ()), 0);
        outer.target = address(reentrant);
        outer.gasLimit = 2_000_000;
        vm.expectEmit(true, true, true, true, address(trigger));
        emit ISessionTrigger.ActionFailed(
            signerId, 0, hashOf(outer), abi.encodeWithSignature("ReentrancyGuardReentrantCall()")
        );
        run(outer);
        same(target.value(), 0, "the inner one did not run");
    }

    function test_enrolment_asks_for_code_length_possession_and_a_fresh_key() public {
        bytes memory fresh = toyKey(9);
        SignerId id = SignerId.wrap(keccak256(fresh));
        bytes memory sound = possession(fresh);
        vm.prank(address(0x55));
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.AccountHasNoCode.selector, address(0x55)));
        trigger.enrol(fresh, policy(), sound);
        Policy memory whole = policy();
        bytes memory call = abi.encodeCall(ISessionTrigger.enrol, (fresh, whole, possession(fresh)));
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.TooManyRules.selector, 7, 4));
        asAccount(call);
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.InvalidPossession.selector, id));
        trigger.enrol(fresh, policy(), sound);
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.KeyLength.selector, 2591));
        trigger.enrol(new bytes(2591), policy(), sound);
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.AlreadyEnrolled.selector, signerId));
        trigger.enrol(key, policy(), sound);
    }

    function test_a_policy_never_names_the_trigger_the_account_or_a_registry() public {
        address[4] memory never = [address(trigger), address(account), FORBIDDEN, address(0)];
        for (uint256 i = 0; i < never.length; ++i) {
            Policy memory p = policy();
            p.rules[1].target = never[i];
            bytes memory call = abi.encodeCall(ISessionTrigger.setPolicy, (signerId, p));
            vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.ForbiddenTarget.selector, never[i]));
            asAccount(call);
        }
        Policy memory many = policy();
        many.rules = new Rule[](33);
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.TooManyRules.selector, 33, 32));
        asAccount(abi.encodeCall(ISessionTrigger.setPolicy, (signerId, many)));
    }

    function test_a_new_policy_replaces_the_old_rules() public {
        Policy memory p = policy();
        p.rules = new Rule[](1);
        p.rules[0] = Rule(address(target), Target.refuse.selector);
        asAccount(abi.encodeCall(ISessionTrigger.setPolicy, (signerId, p)));
        refused(
            setTo(1, 0),
            abi.encodeWithSelector(ISessionTrigger.CallNotAllowed.selector, address(target), Target.set.selector)
        );
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.NotAccount.selector, signerId, address(this)));
        trigger.setPolicy(signerId, p);
    }

    function test_rotation_takes_effect_after_its_delay() public {
        bytes memory fresh = toyKey(9);
        SignerId id = SignerId.wrap(keccak256(fresh));
        asAccount(abi.encodeCall(ISessionTrigger.rotate, (signerId, fresh, possession(fresh))));
        run(setTo(1, 0));
        (bytes memory oldKey, SignerId oldId) = (key, signerId);
        (key, signerId) = (fresh, id);
        refused(
            setTo(2, 0),
            abi.encodeWithSelector(ISessionTrigger.SignerNotInForce.selector, id, START + DELAY, START + 30 days)
        );
        vm.warp(START + DELAY);
        run(setTo(3, 0));
        same(target.value(), 3, "the new key acts");
        (key, signerId) = (oldKey, oldId);
        refused(
            setTo(4, 1), abi.encodeWithSelector(ISessionTrigger.SignerNotInForce.selector, oldId, START, START + DELAY)
        );
    }

    function test_a_revoked_key_does_nothing_for_ever() public {
        asAccount(abi.encodeCall(ISessionTrigger.revoke, (signerId)));
        bytes memory revoked = abi.encodeWithSelector(ISessionTrigger.SignerIsRevoked.selector, signerId);
        refused(setTo(1, 0), revoked);
        Policy memory p = policy();
        vm.expectRevert(revoked);
        asAccount(abi.encodeCall(ISessionTrigger.setPolicy, (signerId, p)));
        bytes memory again = abi.encodeCall(ISessionTrigger.enrol, (key, p, possession(key)));
        vm.expectRevert(abi.encodeWithSelector(ISessionTrigger.AlreadyEnrolled.selector, signerId));
        asAccount(again);
    }

    function test_the_account_acts_for_its_modules_and_owner_only() public {
        vm.expectRevert(abi.encodeWithSelector(MinimalAccount.NotModule.selector, address(this)));
        account.execTransactionFromModuleReturnData(address(target), 0, "", 0);
        vm.expectRevert(abi.encodeWithSelector(MinimalAccount.NotOwner.selector, address(this)));
        account.execute(address(target), 0, "");
        vm.expectRevert(abi.encodeWithSelector(MinimalAccount.NotOwner.selector, address(this)));
        account.setModule(address(this), true);
        vm.prank(address(trigger));
        vm.expectRevert(abi.encodeWithSelector(MinimalAccount.OperationNotAllowed.selector, 1));
        account.execTransactionFromModuleReturnData(address(target), 0, "", 1);
    }

    function test_a_policy_ends_with_its_last_second() public {
        uint256 end = START + 30 days;
        Action memory a = setTo(1, 0);
        a.validUntil = uint48(end + 1 days);
        vm.warp(end);
        refused(a, abi.encodeWithSelector(ISessionTrigger.SignerNotInForce.selector, signerId, START, end));
        vm.warp(end - 1);
        run(a);
        same(target.value(), 1, "ran one second before the end");
    }
}
