;; Escapes the text of a JSON string in place, sixteen bytes at a time: what `escape` of json-memory.ts says.
(module
  (memory (export "memory") 2)
  ;; The letter after the backslash for each control character; 0 where RFC 8259 has none.
  (data (i32.const 8) "btn\00fr")
  (data (i32.const 32) "0123456789abcdef")

  ;; A bit for each of the sixteen bytes at $at that JSON does not take as it is.
  (func $special (param $bytes v128) (result i32)
    (i8x16.bitmask
      (v128.or
        (i8x16.lt_u (local.get $bytes) (i8x16.splat (i32.const 0x20)))
        (v128.or
          (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))
          (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))))))

  ;; The place of the first such byte from $at on, $end where there is none. Reads up to 15 bytes beyond $end.
  (func $find (param $at i32) (param $end i32) (result i32)
    (local $mask i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $end))))
      (if (local.tee $mask (call $special (v128.load (local.get $at))))
        (then
          (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $mask))))
          (return (select (local.get $at) (local.get $end) (i32.lt_u (local.get $at) (local.get $end))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $next))
    (unreachable))

  ;; How many bytes escapes add between $at and $end.
  (func $growth (param $at i32) (param $end i32) (result i32)
    (local $bytes v128) (local $mask i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $mask (call $special (local.tee $bytes (v128.load (local.get $at)))))
        (if (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end))
          (then (local.set $mask (i32.and (local.get $mask)
            (i32.sub (i32.shl (i32.const 1) (i32.sub (local.get $end) (local.get $at))) (i32.const 1))))))
        (local.set $sum (i32.add (local.get $sum) (i32.popcnt (local.get $mask))))
        ;; Four more for a control character without a letter.
        (if (local.get $mask)
          (then
            (local.set $sum (i32.add (local.get $sum) (i32.shl (i32.popcnt (i32.and (local.get $mask)
              (i8x16.bitmask
                (v128.and
                  (i8x16.lt_u (local.get $bytes) (i8x16.splat (i32.const 0x20)))
                  (v128.not
                    (v128.and
                      (i8x16.ge_u (local.get $bytes) (i8x16.splat (i32.const 8)))
                      (v128.and
                        (i8x16.le_u (local.get $bytes) (i8x16.splat (i32.const 13)))
                        (i8x16.ne (local.get $bytes) (i8x16.splat (i32.const 11)))))))))) (i32.const 2))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (local.get $sum))

  ;; Escapes what stands between $start and $end; gives where it ends then. It may write up to 32 bytes beyond.
  (func (export "escape") (param $start i32) (param $end i32) (result i32)
    (local $from i32) (local $to i32) (local $bytes v128) (local $mask i32) (local $byte i32) (local $clean i32)
    (local.set $to (call $find (local.get $start) (local.get $end)))
    (if (i32.eq (local.get $to) (local.get $end)) (then (return (local.get $end))))
    ;; Out of the way, so far that what is written sixteen bytes at a time never reaches what is still to be read.
    (local.set $from (i32.add (i32.add (local.get $to) (call $growth (local.get $to) (local.get $end))) (i32.const 16)))
    (memory.copy (local.get $from) (local.get $to) (i32.sub (local.get $end) (local.get $to)))
    (local.set $end (i32.add (local.get $from) (i32.sub (local.get $end) (local.get $to))))
    (loop $next
      (if (i32.ge_u (local.get $from) (local.get $end))
        (then (return (i32.sub (local.get $to) (i32.sub (local.get $from) (local.get $end))))))
      (v128.store (local.get $to) (local.tee $bytes (v128.load (local.get $from))))
      (local.set $mask (call $special (local.get $bytes)))
      (local.set $clean (select (i32.ctz (local.get $mask)) (i32.const 16) (local.get $mask)))
      (local.set $to (i32.add (local.get $to) (local.get $clean)))
      (local.set $from (i32.add (local.get $from) (local.get $clean)))
      (br_if $next (i32.eqz (local.get $mask)))
      (br_if $next (i32.ge_u (local.get $from) (local.get $end)))
      (local.set $byte (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (i32.store8 (local.get $to) (i32.const 0x5c))
      (if (i32.ge_u (local.get $byte) (i32.const 0x20))
        (then
          (i32.store8 offset=1 (local.get $to) (local.get $byte))
          (local.set $to (i32.add (local.get $to) (i32.const 2))))
        (else
          (if (i32.load8_u (local.get $byte))
            (then
              (i32.store8 offset=1 (local.get $to) (i32.load8_u (local.get $byte)))
              (local.set $to (i32.add (local.get $to) (i32.const 2))))
            (else
              (i32.store offset=1 align=1 (local.get $to) (i32.const 0x00303075))
              (i32.store8 offset=4 (local.get $to) (i32.add (i32.const 0x30) (i32.shr_u (local.get $byte) (i32.const 4))))
              (i32.store8 offset=5 (local.get $to) (i32.load8_u offset=32 (i32.and (local.get $byte) (i32.const 15))))
              (local.set $to (i32.add (local.get $to) (i32.const 6)))))))
      (br $next))
    (unreachable))
)
