using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Fabric.SoftGate.Kernel;

/// <summary>The loaded object file: its programs and maps. Disposing it lets go of them; what is pinned or attached stays.</summary>
public sealed unsafe class DataPathObject : IDisposable
{
    private const int VerifierLogSize = 16 << 20;

    private readonly nint _object;
    private readonly Dictionary<string, nint> _maps = [];
    private readonly Dictionary<string, nint> _programs = [];
    private bool _disposed;

    private DataPathObject(nint bpfObject)
    {
        _object = bpfObject;
        for (var map = LibBpf.NextMap(_object, 0); map != 0; map = LibBpf.NextMap(_object, map))
        {
            _maps.Add(Text(LibBpf.MapName(map)), map);
        }

        for (var program = LibBpf.NextProgram(_object, 0); program != 0; program = LibBpf.NextProgram(_object, program))
        {
            _programs.Add(Text(LibBpf.ProgramName(program)), program);
        }
    }

    /// <summary>Loads the object file into the kernel.</summary>
    /// <exception cref="KernelException">It was refused; the message holds the verifier's log.</exception>
    public static DataPathObject Load(DataPathOptions options)
    {
        Silence();
        var log = (byte*)NativeMemory.AllocZeroed(VerifierLogSize);
        try
        {
            var open = new LibBpf.ObjectOpenOptions
            {
                Size = (nuint)sizeof(LibBpf.ObjectOpenOptions),
                KernelLog = (nint)log,
                KernelLogSize = VerifierLogSize,
            };
            var handle = LibBpf.OpenFile(options.ObjectFile, &open);
            if (handle == 0)
            {
                throw KernelException.Last($"cannot read {options.ObjectFile}");
            }

            var result = new DataPathObject(handle);
            try
            {
                result.Prepare(options);
                var error = LibBpf.Load(handle);
                if (error != 0)
                {
                    throw new KernelException($"cannot load {options.ObjectFile}", -error, Text(log).TrimEnd());
                }

                return result;
            }
            catch
            {
                result.Dispose();
                throw;
            }
        }
        finally
        {
            NativeMemory.Free(log);
        }
    }

    /// <summary>A map with one value a key.</summary>
    /// <exception cref="InvalidOperationException">There is no such map, or keys or values have another size.</exception>
    public BpfMap<TKey, TValue> Map<TKey, TValue>(string name)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        var map = Find(name, sizeof(TKey), sizeof(TValue));
        return new(name, LibBpf.MapFd(map), LibBpf.MapMaxEntries(map));
    }

    /// <summary>A map with a value a CPU.</summary>
    /// <exception cref="InvalidOperationException">There is no such map, or values have another size.</exception>
    public PerCpuMap<TValue> PerCpu<TValue>(string name)
        where TValue : unmanaged
    {
        var map = Find(name, sizeof(uint), sizeof(TValue));
        return new(name, LibBpf.MapFd(map), LibBpf.MapMaxEntries(map));
    }

    /// <summary>Descriptor of a map, for ring buffers and memory maps.</summary>
    /// <summary>Makes the data path look anew into what it remembers of <c>ports</c>, <c>vteps_own</c>, <c>vnis</c>, <c>hosts</c>, <c>prefixes</c> and <c>vpcs</c>:
    /// to be called after each change of them, and once at the start of whoever changes them. Until it is called for the first time nothing is remembered.</summary>
    internal void TablesChanged()
    {
        var generation = Map<uint, uint>("generation");
        generation.TryGet(0, out var last);
        generation.Set(0, last == uint.MaxValue ? 1 : last + 1);
    }

    /// <summary>Names of all maps.</summary>
    internal IReadOnlyCollection<string> MapNames => _maps.Keys;

    internal int MapDescriptor(string name) =>
        _maps.TryGetValue(name, out var map) ? LibBpf.MapFd(map) : throw new InvalidOperationException($"the object file has no map {name}");

    /// <summary>Descriptor of a map, and octets of its keys and values.</summary>
    internal (int Descriptor, int KeySize, int ValueSize) MapShape(string name) =>
        _maps.TryGetValue(name, out var map)
            ? (LibBpf.MapFd(map), (int)LibBpf.MapKeySize(map), (int)LibBpf.MapValueSize(map))
            : throw new InvalidOperationException($"the object file has no map {name}");

    /// <summary>Descriptor of a program.</summary>
    internal int ProgramDescriptor(string name) =>
        _programs.TryGetValue(name, out var program)
            ? LibBpf.ProgramFd(program)
            : throw new InvalidOperationException($"the object file has no program {name}");

    /// <summary>Members of a structure in the object file's type information: name and offset in bits, and its size in octets.</summary>
    /// <returns>Null: there is no such structure.</returns>
    internal (long Size, IReadOnlyList<(string Name, uint BitOffset, long Size)> Members)? Layout(string structure)
    {
        const uint kindStruct = 4;
        var btf = LibBpf.ObjectBtf(_object);
        var id = LibBpf.BtfFind(btf, structure, kindStruct);
        if (id <= 0)
        {
            return null;
        }

        // struct btf_type: name_off, info, size; then vlen times struct btf_member: name_off, type, offset.
        var type = LibBpf.BtfType(btf, (uint)id);
        var count = type[1] & 0xffff;
        var bitFields = type[1] >> 31 != 0;
        var members = new List<(string, uint, long)>();
        for (var i = 0; i < count; i++)
        {
            var member = type + 3 + (i * 3);
            var offset = bitFields ? member[2] & 0xffffff : member[2];
            members.Add((Text(LibBpf.BtfName(btf, member[0])), offset, LibBpf.BtfSize(btf, member[1])));
        }

        return (type[2], members);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            LibBpf.Close(_object);
        }
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>libbpf writes to standard error by itself; what matters is in the exceptions.</summary>
    internal static void Silence() => _ = LibBpf.SetPrint(&Discard);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Discard(int level, byte* format, nint arguments) => 0;

    private void Prepare(DataPathOptions options)
    {
        foreach (var (name, entries) in options.Sizes)
        {
            if (!_maps.TryGetValue(name, out var map))
            {
                throw new InvalidOperationException($"the object file has no map {name}");
            }

            if (LibBpf.SetMapMaxEntries(map, entries) is var error and not 0)
            {
                throw new KernelException($"map {name}: cannot have {entries} entries", -error);
            }
        }

        foreach (var (name, map) in _maps)
        {
            // What the object file does not want pinned (scratch, read-only data) belongs to one load.
            var path = options.PinDirectory is { } directory && LibBpf.MapPinPath(map) is not null ? Path.Combine(directory, name) : null;
            if (LibBpf.SetMapPinPath(map, path) is var error and not 0)
            {
                throw new KernelException($"map {name}: cannot be pinned at {path}", -error);
            }
        }
    }

    private nint Find(string name, int keySize, int valueSize)
    {
        if (!_maps.TryGetValue(name, out var map))
        {
            throw new InvalidOperationException($"the object file has no map {name}");
        }

        if (LibBpf.MapKeySize(map) != keySize || LibBpf.MapValueSize(map) != valueSize)
        {
            throw new InvalidOperationException(
                $"map {name} has keys of {LibBpf.MapKeySize(map)} and values of {LibBpf.MapValueSize(map)} octets, not {keySize} and {valueSize}");
        }

        return map;
    }
}
