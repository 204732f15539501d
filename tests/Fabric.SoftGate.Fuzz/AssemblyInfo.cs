using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Fabric.SoftGate.Tests")]
