using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>The calls of libbpf 1.x that we use. Pointers are what libbpf gives; errors are negative numbers of errno.</summary>
internal static unsafe partial class LibBpf
{
    private const string Library = "libbpf.so.1";

    /// <summary>Gets what libbpf prints: level, format, arguments (a va_list).</summary>
    [LibraryImport(Library, EntryPoint = "libbpf_set_print")]
    internal static partial nint SetPrint(delegate* unmanaged[Cdecl]<int, byte*, nint, int> callback);

    [LibraryImport(Library, EntryPoint = "bpf_object__open_file", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OpenFile(string path, ObjectOpenOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_object__load")]
    internal static partial int Load(nint bpfObject);

    [LibraryImport(Library, EntryPoint = "bpf_object__close")]
    internal static partial void Close(nint bpfObject);

    [LibraryImport(Library, EntryPoint = "bpf_object__next_map")]
    internal static partial nint NextMap(nint bpfObject, nint previous);

    [LibraryImport(Library, EntryPoint = "bpf_object__next_program")]
    internal static partial nint NextProgram(nint bpfObject, nint previous);

    [LibraryImport(Library, EntryPoint = "bpf_map__name")]
    internal static partial byte* MapName(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__fd")]
    internal static partial int MapFd(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__key_size")]
    internal static partial uint MapKeySize(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__value_size")]
    internal static partial uint MapValueSize(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__max_entries")]
    internal static partial uint MapMaxEntries(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__type")]
    internal static partial uint MapType(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__set_max_entries")]
    internal static partial int SetMapMaxEntries(nint map, uint entries);

    [LibraryImport(Library, EntryPoint = "bpf_map__pin_path")]
    internal static partial byte* MapPinPath(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__set_pin_path", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetMapPinPath(nint map, string? path);

    [LibraryImport(Library, EntryPoint = "bpf_program__name")]
    internal static partial byte* ProgramName(nint program);

    [LibraryImport(Library, EntryPoint = "bpf_program__fd")]
    internal static partial int ProgramFd(nint program);

    [LibraryImport(Library, EntryPoint = "bpf_program__pin", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int PinProgram(nint program, string path);

    [LibraryImport(Library, EntryPoint = "bpf_prog_test_run_opts")]
    internal static partial int TestRun(int program, TestRunOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_map_update_elem", SetLastError = true)]
    internal static partial int Update(int map, void* key, void* value, ulong flags);

    [LibraryImport(Library, EntryPoint = "bpf_map_lookup_elem", SetLastError = true)]
    internal static partial int Lookup(int map, void* key, void* value);

    [LibraryImport(Library, EntryPoint = "bpf_map_delete_elem", SetLastError = true)]
    internal static partial int Delete(int map, void* key);

    [LibraryImport(Library, EntryPoint = "bpf_map_get_next_key", SetLastError = true)]
    internal static partial int NextKey(int map, void* key, void* next);

    [LibraryImport(Library, EntryPoint = "bpf_map_update_batch", SetLastError = true)]
    internal static partial int UpdateBatch(int map, void* keys, void* values, uint* count, BatchOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_map_delete_batch", SetLastError = true)]
    internal static partial int DeleteBatch(int map, void* keys, uint* count, BatchOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_map_lookup_batch", SetLastError = true)]
    internal static partial int LookupBatch(int map, void* inBatch, void* outBatch, void* keys, void* values, uint* count, BatchOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_obj_get", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ObjectGet(string path);

    [LibraryImport(Library, EntryPoint = "bpf_obj_pin", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ObjectPin(int fd, string path);

    [LibraryImport(Library, EntryPoint = "bpf_obj_get_info_by_fd", SetLastError = true)]
    internal static partial int ObjectInfo(int fd, void* info, uint* length);

    [LibraryImport(Library, EntryPoint = "libbpf_probe_bpf_prog_type")]
    internal static partial int ProbeProgramType(uint type, nint options);

    [LibraryImport(Library, EntryPoint = "libbpf_probe_bpf_map_type")]
    internal static partial int ProbeMapType(uint type, nint options);

    [LibraryImport(Library, EntryPoint = "libbpf_probe_bpf_helper")]
    internal static partial int ProbeHelper(uint programType, uint helper, nint options);

    [LibraryImport(Library, EntryPoint = "bpf_link_create", SetLastError = true)]
    internal static partial int LinkCreate(int program, int target, uint attachType, LinkCreateOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_link_update", SetLastError = true)]
    internal static partial int LinkUpdate(int link, int program, nint options);

    [LibraryImport(Library, EntryPoint = "ring_buffer__new", SetLastError = true)]
    internal static partial nint RingBufferNew(int map, delegate* unmanaged[Cdecl]<void*, void*, nuint, int> callback, void* context, nint options);

    [LibraryImport(Library, EntryPoint = "ring_buffer__poll")]
    internal static partial int RingBufferPoll(nint ring, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "ring_buffer__consume")]
    internal static partial int RingBufferConsume(nint ring);

    [LibraryImport(Library, EntryPoint = "ring_buffer__free")]
    internal static partial void RingBufferFree(nint ring);

    [LibraryImport(Library, EntryPoint = "bpf_object__btf")]
    internal static partial nint ObjectBtf(nint bpfObject);

    [LibraryImport(Library, EntryPoint = "btf__find_by_name_kind", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int BtfFind(nint btf, string name, uint kind);

    [LibraryImport(Library, EntryPoint = "btf__type_by_id")]
    internal static partial uint* BtfType(nint btf, uint id);

    [LibraryImport(Library, EntryPoint = "btf__name_by_offset")]
    internal static partial byte* BtfName(nint btf, uint offset);

    [LibraryImport(Library, EntryPoint = "btf__resolve_size")]
    internal static partial long BtfSize(nint btf, uint id);

    /// <summary>struct bpf_object_open_opts of libbpf 1.1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ObjectOpenOptions
    {
        public nuint Size;
        public nint ObjectName;
        public byte RelaxedMaps;
        public nint PinRootPath;
        public nint Reserved;
        public nint KernelConfig;
        public nint BtfCustomPath;
        public nint KernelLog;
        public nuint KernelLogSize;
        public uint KernelLogLevel;
    }

    /// <summary>struct bpf_test_run_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TestRunOptions
    {
        public nuint Size;
        public void* DataIn;
        public void* DataOut;
        public uint DataSizeIn;
        public uint DataSizeOut;
        public void* ContextIn;
        public void* ContextOut;
        public uint ContextSizeIn;
        public uint ContextSizeOut;
        public uint ReturnValue;
        public int Repeat;
        public uint Duration;
        public uint Flags;
        public uint Cpu;
        public uint BatchSize;
    }

    /// <summary>struct bpf_map_batch_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct BatchOptions
    {
        public nuint Size;
        public ulong ElementFlags;
        public ulong Flags;
    }

    /// <summary>struct bpf_link_info of an XDP link, from its start.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkInfo
    {
        public uint Type;
        public uint Id;
        public uint ProgramId;
        public uint Padding;
        public uint Ifindex;
        public uint Padding2;
    }

    /// <summary>struct bpf_map_info, from its start.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MapInfo
    {
        public uint Type;
        public uint Id;
        public uint KeySize;
        public uint ValueSize;
        public uint MaxEntries;
        public uint Flags;
    }

    /// <summary>struct bpf_link_create_opts, as far as XDP needs it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkCreateOptions
    {
        public nuint Size;
        public uint Flags;
        public nint IteratorInfo;
        public uint IteratorInfoLength;
        public uint TargetBtfId;
    }
}
