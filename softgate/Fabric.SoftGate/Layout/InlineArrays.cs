using System.Runtime.CompilerServices;

namespace Fabric.SoftGate.Layout;

/// <summary>2 values in a row.</summary>
[InlineArray(2)]
internal struct Octets2
{
    private byte _value;
}

/// <summary>3 values in a row.</summary>
[InlineArray(3)]
internal struct Words3
{
    private uint _value;
}

/// <summary>96 values in a row.</summary>
[InlineArray(96)]
internal struct Halves96
{
    private ushort _value;
}

/// <summary>64 values in a row.</summary>
[InlineArray(64)]
internal struct Halves64
{
    private ushort _value;
}

/// <summary>8 values in a row.</summary>
[InlineArray(8)]
internal struct FragmentRange8
{
    private FragmentRange _value;
}

/// <summary>8 values in a row.</summary>
[InlineArray(8)]
internal struct Words8
{
    private uint _value;
}

/// <summary>128 values in a row.</summary>
[InlineArray(128)]
internal struct Octets128
{
    private byte _value;
}
