using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Fabric.SoftGate.Tests")]
[assembly: InternalsVisibleTo("Fabric.SoftGate.Fuzz")]
[assembly: InternalsVisibleTo("Fabric.SoftGate.Benchmarks")]
