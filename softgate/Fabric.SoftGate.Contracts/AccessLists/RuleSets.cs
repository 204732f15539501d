using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fabric.SoftGate.AccessLists;

/// <summary>Sets of rules, bit n for the rule at n, each with a number: equal sets have the same one, counted from 0 as they come.</summary>
/// <param name="words">Words of 64 bits a set.</param>
internal sealed class RuleSets(int words)
{
    private ulong[] _sets = new ulong[16 * words];
    private ulong[] _hashes = new ulong[16];
    private int[] _slots = new int[64]; // Number + 1; 0: free. A power of two, never more than half full.

    /// <summary>How many there are.</summary>
    internal int Count { get; private set; }

    /// <summary>A set by its number.</summary>
    internal ReadOnlySpan<ulong> this[int number] => _sets.AsSpan(number * words, words);

    /// <summary>The number of a set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal int Intern(ReadOnlySpan<ulong> set)
    {
        ulong hash = 0;
        foreach (var word in set)
        {
            hash = BitOperations.RotateLeft(hash ^ word, 23) * 0x9e3779b97f4a7c15;
        }

        hash ^= hash >> 32;
        var mask = _slots.Length - 1;
        var slot = (int)hash & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            var found = _slots[slot] - 1;
            if (_hashes[found] == hash && this[found].SequenceEqual(set))
            {
                return found;
            }
        }

        if (Count == _hashes.Length)
        {
            Array.Resize(ref _sets, 2 * _sets.Length);
            Array.Resize(ref _hashes, 2 * _hashes.Length);
        }

        var number = Count++;
        set.CopyTo(_sets.AsSpan(number * words, words));
        _hashes[number] = hash;
        _slots[slot] = Count;
        if (2 * Count > _slots.Length)
        {
            Rehash();
        }

        return number;
    }

    /// <summary>Empties a set behind its first rule that is in <paramref name="last"/>: what follows a rule that always matches is never asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void CutBehind(Span<ulong> set, ReadOnlySpan<ulong> last)
    {
        for (var i = 0; i < set.Length; i++)
        {
            var hit = set[i] & last[i];
            if (hit != 0)
            {
                set[i] &= hit ^ (hit - 1); // Up to and with the lowest bit of the hit.
                set[(i + 1)..].Clear();
                return;
            }
        }
    }

    private void Rehash()
    {
        _slots = new int[2 * _slots.Length];
        var mask = _slots.Length - 1;
        for (var number = 0; number < Count; number++)
        {
            var slot = (int)_hashes[number] & mask;
            while (_slots[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            _slots[slot] = number + 1;
        }
    }
}
